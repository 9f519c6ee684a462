/**
 * Names in the ACPI namespace, and compressed EISA identifiers.
 *
 * @module
 */

import { type AmlNode, join, node } from "./encode.ts";

/** Prefixes of ACPI 6.5 §20.2.2 that say how many segments follow. */
const NULL_NAME = 0x00;
const DUAL_NAME_PREFIX = 0x2e;
const MULTI_NAME_PREFIX = 0x2f;

const encodeAscii = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));

/**
 * One name segment: four bytes, padded with underscores (ACPI 6.5 §20.2.2, NameSeg).
 *
 * @throws {RangeError} unless it is one to four of A–Z, 0–9 and _, not starting with a digit.
 */
export function nameSegment(name: string): Uint8Array {
  if (!/^[A-Z_][A-Z0-9_]{0,3}$/.test(name)) {
    throw new RangeError(`"${name}" is no ACPI name: one to four of A-Z, 0-9 and _, no digit first`);
  }
  return encodeAscii(name.padEnd(4, "_"));
}

/**
 * A path as ASL spells it: `_STA`, `\_SB.COM1`, `^^PCI0`, `\` (ACPI 6.5 §20.2.2, NameString).
 *
 * @throws {RangeError} if a segment is no ACPI name or there are more than 255.
 */
export function nameString(path: string): Uint8Array {
  const prefix = /^(\\|\^*)/.exec(path)![0];
  const rest = path.slice(prefix.length);
  const segments = rest === "" ? [] : rest.split(".").map(nameSegment);
  if (segments.length > 255) throw new RangeError(`an ACPI path of ${segments.length} segments`);
  if (path === "") throw new RangeError("an ACPI path is empty");
  const count = segments.length === 0
    ? [NULL_NAME]
    : segments.length === 1
    ? []
    : segments.length === 2
    ? [DUAL_NAME_PREFIX]
    : [MULTI_NAME_PREFIX, segments.length];
  return join([encodeAscii(prefix), ...count, ...segments]);
}

/** The object that a path names, as an operand: a value to read, a target to store to, a device to notify. */
export function ref(path: string): AmlNode {
  return node(nameString(path));
}

/**
 * A Plug and Play identifier such as `PNP0501` as the integer that `_HID` and `_CID` hold (ACPI 6.5 §19.6.37):
 * three letters of five bits and four hexadecimal digits, with its bytes swapped.
 *
 * @throws {RangeError} if it isn't three capital letters and four hexadecimal digits.
 */
export function eisaId(id: string): number {
  if (!/^[A-Z]{3}[0-9A-F]{4}$/.test(id)) {
    throw new RangeError(`"${id}" is no EISA identifier: three capital letters and four hexadecimal digits`);
  }
  const letter = (at: number) => id.charCodeAt(at) - 0x40;
  const value = (letter(0) << 26) | (letter(1) << 21) | (letter(2) << 16) | parseInt(id.slice(3), 16);
  const view = new DataView(new ArrayBuffer(4));
  view.setInt32(0, value, false);
  return view.getUint32(0, true);
}
