/**
 * Data objects of AML: integers, strings, buffers and packages (ACPI 6.5 §20.2.3).
 *
 * @module
 */

import { type AmlNode, littleEndian, node, packaged } from "./encode.ts";

/** Opcodes of ACPI 6.5 §20.3. */
const ZERO = 0x00;
const ONE = 0x01;
const BYTE_PREFIX = 0x0a;
const WORD_PREFIX = 0x0b;
const DWORD_PREFIX = 0x0c;
const STRING_PREFIX = 0x0d;
const QWORD_PREFIX = 0x0e;
const BUFFER = 0x11;
const PACKAGE = 0x12;

/**
 * An operand: a number or bigint stands for an integer, a string for a string object. A name is
 * `ref("NAME")`, never a plain string.
 */
export type AmlValue = number | bigint | string | AmlNode;

/**
 * An integer of 0 … 2⁶⁴−1 in its shortest encoding.
 *
 * @throws {RangeError} if it is negative, no exact integer, or wider than 64 bits.
 */
export function integer(value: number | bigint): AmlNode {
  if (value == 0) return node(ZERO);
  if (value == 1) return node(ONE);
  if (value < 2 ** 8) return node(BYTE_PREFIX, littleEndian(value, 1));
  if (value < 2 ** 16) return node(WORD_PREFIX, littleEndian(value, 2));
  if (value < 2 ** 32) return node(DWORD_PREFIX, littleEndian(value, 4));
  return node(QWORD_PREFIX, littleEndian(value, 8));
}

/**
 * A string object.
 *
 * @throws {RangeError} if a character isn't ASCII or is NUL, which ends it.
 */
export function text(value: string): AmlNode {
  const bytes = Uint8Array.from(value, (char) => char.charCodeAt(0));
  if (![...value].every((char) => char > "\0" && char <= "\x7f")) {
    throw new RangeError(`${JSON.stringify(value)} has a character that an AML string cannot hold`);
  }
  return node(STRING_PREFIX, bytes, 0);
}

/** Whatever stands for a value, as a node. */
export function valueNode(value: AmlValue): AmlNode {
  if (typeof value === "string") return text(value);
  return typeof value === "object" ? value : integer(value);
}

/** A buffer of just these bytes. */
export function buffer(bytes: Uint8Array): AmlNode {
  return packaged([BUFFER], integer(bytes.length), bytes);
}

/**
 * A UUID as the buffer that `_OSC` and `_DSM` compare (ACPI 6.5 §19.6.142, ToUUID): its first three groups
 * least significant byte first, the others as written.
 *
 * @throws {RangeError} if it isn't 32 hexadecimal digits in groups of 8, 4, 4, 4 and 12.
 */
export function uuid(value: string): AmlNode {
  const groups = /^([\da-f]{8})-([\da-f]{4})-([\da-f]{4})-([\da-f]{4})-([\da-f]{12})$/i.exec(value)?.slice(1);
  if (groups === undefined) throw new RangeError(`"${value}" is no UUID`);
  const bytes = groups.flatMap((group, index) => {
    const pairs = group.match(/../g)!.map((pair) => parseInt(pair, 16));
    return index < 3 ? pairs.reverse() : pairs;
  });
  return buffer(Uint8Array.from(bytes));
}

/**
 * A package: an array of values. `ref(…)` as an element is a reference to the object.
 *
 * @throws {RangeError} above 255 elements.
 */
export function packageOf(elements: readonly AmlValue[]): AmlNode {
  return packaged([PACKAGE], littleEndian(elements.length, 1), ...elements.map(valueNode));
}
