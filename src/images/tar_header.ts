/**
 * The header blocks of tar archives: ustar and pax (POSIX.1-2017, pax, "ustar Interchange Format" and "pax
 * Extended Header"), with the base-256 numbers and long names of GNU tar.
 *
 * @module
 */

import { UserError } from "../errors.ts";

/** Size of a header and of the unit that content is padded to (POSIX.1-2017, ustar). */
export const BLOCK = 512;

/** What a header block says, before extended headers are applied. */
export interface RawHeader {
  readonly path: string;
  /** One character: the ustar typeflag. */
  readonly type: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  /** Seconds since 1970. */
  readonly mtime: number;
  readonly linkTarget: string;
  readonly major: number;
  readonly minor: number;
}

const NUL = 0;
const decoder = () => new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Where a damaged archive was noticed; what it is called is for the caller to add. */
export class TarError extends UserError {}

/** Whether a block is the end of the archive: all zero. */
export function isEndBlock(block: Uint8Array): boolean {
  return block.every((byte) => byte === NUL);
}

/**
 * Reads one header block.
 *
 * @throws {TarError} if its checksum is wrong or a field is no number.
 */
export function parseHeader(block: Uint8Array): RawHeader {
  // The checksum's own field counts as spaces; either signedness of bytes is in use only for names beyond ASCII.
  let sum = 8 * 0x20;
  for (let i = 0; i < BLOCK; i++) if (i < 148 || i >= 156) sum += block[i]!;
  if (sum !== number(block, 148, 8)) {
    throw new TarError("the archive is damaged: a header's checksum is wrong");
  }
  const isUstar = text(block.subarray(257, 262)) === "ustar";
  // GNU's own format has times where ustar has the prefix.
  const prefix = isUstar && block[263] === 0x30 ? text(block.subarray(345, 500)) : "";
  const name = text(block.subarray(0, 100));
  return {
    path: prefix === "" ? name : `${prefix}/${name}`,
    type: block[156] === NUL ? "0" : String.fromCharCode(block[156]!),
    mode: number(block, 100, 8) & 0o7777,
    uid: number(block, 108, 8),
    gid: number(block, 116, 8),
    size: number(block, 124, 12),
    mtime: number(block, 136, 12),
    linkTarget: text(block.subarray(157, 257)),
    major: isUstar ? number(block, 329, 8) : 0,
    minor: isUstar ? number(block, 337, 8) : 0,
  };
}

/** What extended headers of xattrs are called, as GNU tar, libarchive and Go's archive/tar have it. */
const XATTR = "SCHILY.xattr.";

/** A pax extended header: values by keyword; an xattr's value is bytes. */
export interface PaxRecords {
  readonly values: ReadonlyMap<string, string>;
  readonly xattrs: ReadonlyMap<string, Uint8Array>;
}

/**
 * Reads the records `LENGTH KEYWORD=VALUE\n` of a pax extended header.
 *
 * @throws {TarError} if they are damaged.
 */
export function parsePax(data: Uint8Array): PaxRecords {
  const values = new Map<string, string>();
  const xattrs = new Map<string, Uint8Array>();
  for (let at = 0; at < data.length && data[at] !== NUL;) {
    const space = data.indexOf(0x20, at);
    const length = space < 0 ? NaN : Number(text(data.subarray(at, space)));
    const equals = data.indexOf(0x3d, at);
    const end = at + length;
    if (!(length > 0) || end > data.length || equals < space || equals >= end || data[end - 1] !== 0x0a) {
      throw new TarError("the archive is damaged: a pax header cannot be read");
    }
    const keyword = text(data.subarray(space + 1, equals));
    const value = data.subarray(equals + 1, end - 1);
    if (keyword.startsWith(XATTR)) xattrs.set(keyword.slice(XATTR.length), value.slice());
    else values.set(keyword, text(value));
    at = end;
  }
  return { values, xattrs };
}

/** A text field, up to its first NUL. */
export function text(bytes: Uint8Array): string {
  const end = bytes.indexOf(NUL);
  try {
    return decoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const shown = new TextDecoder().decode(bytes);
    throw new TarError(`${JSON.stringify(shown)} in the archive is not in UTF-8`, { cause: error });
  }
}

/** A number in octal, or in GNU's base 256, which sets the top bit. */
function number(block: Uint8Array, at: number, length: number): number {
  const first = block[at]!;
  if (first === 0x80) {
    let value = 0;
    for (let i = at + 1; i < at + length; i++) value = value * 256 + block[i]!;
    if (Number.isSafeInteger(value)) return value;
  } else if (first === 0xff) {
    return 0; // a time before 1970
  } else {
    const digits = text(block.subarray(at, at + length)).trim();
    if (/^[0-7]*$/.test(digits)) return digits === "" ? 0 : parseInt(digits, 8);
  }
  throw new TarError("the archive is damaged: a header has something else where a number belongs");
}
