/**
 * Objects that put names into the ACPI namespace (ACPI 6.5 §20.2.5.1 and §20.2.5.2).
 *
 * @module
 */

import { type AmlValue, valueNode } from "./data.ts";
import { type AmlNode, node, packaged, packageLength } from "./encode.ts";
import { nameSegment, nameString } from "./names.ts";

/** Opcodes of ACPI 6.5 §20.3; those of two bytes start with ExtOpPrefix. */
const EXTENDED = 0x5b;
const NAME = 0x08;
const SCOPE = 0x10;
const METHOD = 0x14;
const CREATE_DWORD_FIELD = 0x8a;
const OPERATION_REGION = [EXTENDED, 0x80];
const FIELD = [EXTENDED, 0x81];
const DEVICE = [EXTENDED, 0x82];

/** Gives a value a name. */
export function name(path: string, value: AmlValue): AmlNode {
  return node(NAME, nameString(path), valueNode(value));
}

/** Opens a scope that exists, such as `\_SB` or `\_GPE`, to put more into it. */
export function scope(path: string, content: readonly AmlNode[]): AmlNode {
  return packaged([SCOPE], nameString(path), ...content);
}

/** A device and what it contains: identifiers, resources, methods, further devices. */
export function device(path: string, content: readonly AmlNode[]): AmlNode {
  return packaged(DEVICE, nameString(path), ...content);
}

/** How a method is called. */
export interface MethodOptions {
  /** Number of arguments, 0 to 7; none unless given. */
  readonly args?: number;
  /** One thread at a time. A method that creates named objects must be serialized. */
  readonly serialized?: boolean;
}

/**
 * A control method.
 *
 * @throws {RangeError} if there are more than seven arguments.
 */
export function method(path: string, options: MethodOptions, body: readonly AmlNode[]): AmlNode {
  const args = options.args ?? 0;
  if (!Number.isInteger(args) || args < 0 || args > 7) {
    throw new RangeError(`an AML method takes 0 to 7 arguments, not ${args}`);
  }
  const flags = args | (options.serialized ? 1 << 3 : 0);
  return packaged([METHOD], nameString(path), flags, ...body);
}

/** Address spaces that a region can lie in (ACPI 6.5 §20.2.5.2, RegionSpace). */
export const REGION_SPACE = { SYSTEM_MEMORY: 0, SYSTEM_IO: 1, PCI_CONFIG: 2 } as const;

/** Declares `length` bytes at `offset` of an address space, for fields to name parts of. */
export function operationRegion(
  path: string,
  space: (typeof REGION_SPACE)[keyof typeof REGION_SPACE],
  offset: AmlValue,
  length: AmlValue,
): AmlNode {
  return node(...OPERATION_REGION, nameString(path), space, valueNode(offset), valueNode(length));
}

/** Width of the accesses that a field makes (ACPI 6.5 §20.2.5.2, AccessType). */
export const FIELD_ACCESS = { ANY: 0, BYTE: 1, WORD: 2, DWORD: 3, QWORD: 4 } as const;

/** What a write to a part of an access unit does to the rest (ACPI 6.5 §20.2.5.2, UpdateRule). */
export const FIELD_UPDATE = { PRESERVE: 0, WRITE_AS_ONES: 1, WRITE_AS_ZEROS: 2 } as const;

/** How a field is accessed. */
export interface FieldOptions {
  /** Width of each access. */
  readonly access: (typeof FIELD_ACCESS)[keyof typeof FIELD_ACCESS];
  /** Preserves unless given. */
  readonly update?: (typeof FIELD_UPDATE)[keyof typeof FIELD_UPDATE];
  /** Take the global lock around each access. */
  readonly lock?: boolean;
}

/** One run of bits of a field. */
export interface FieldUnit {
  /** One name segment; without it the bits are skipped. */
  readonly name?: string;
  /** How many bits. */
  readonly bits: number;
}

/** Names runs of bits of an operation region, from its first bit on. */
export function field(region: string, options: FieldOptions, units: readonly FieldUnit[]): AmlNode {
  const flags = options.access | (options.lock ? 1 << 4 : 0) | ((options.update ?? 0) << 5);
  // A reserved run is a zero byte where a named one has its segment.
  const elements = units.flatMap((unit) => [
    unit.name === undefined ? 0 : nameSegment(unit.name),
    packageLength(unit.bits),
  ]);
  return packaged(FIELD, nameString(region), flags, ...elements);
}

/** Names the 32 bits of a buffer at a byte offset. In a method, which must be serialized then, until it ends. */
export function createDwordField(source: AmlValue, offset: AmlValue, path: string): AmlNode {
  return node(CREATE_DWORD_FIELD, valueNode(source), valueNode(offset), nameString(path));
}
