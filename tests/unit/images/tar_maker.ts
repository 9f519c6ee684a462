/**
 * Tar archives made by hand, good and bad ones.
 *
 * @module
 */

/** A member; fields left out are those of an empty file of root's. */
export interface Member {
  readonly path: string;
  readonly type?: string;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly mtime?: number;
  readonly link?: string;
  readonly major?: number;
  readonly minor?: number;
  readonly data?: string | Uint8Array;
  /** Instead of the true one. */
  readonly size?: number;
}

const BLOCK = 512;
const encoder = new TextEncoder();

/** The archive, with its end. */
export function tar(members: readonly Member[]): Uint8Array<ArrayBuffer> {
  return concat([...members.flatMap(member), new Uint8Array(2 * BLOCK)]);
}

/** An archive as it comes over a pipe, in pieces of one size. */
export async function* inPieces(bytes: Uint8Array, size = 700): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.subarray(at, at + size));
}

/** Records of a pax header. */
export function pax(records: Readonly<Record<string, string | Uint8Array>>): Uint8Array {
  return concat(
    Object.entries(records).map(([keyword, value]) => {
      const rest = concat([encoder.encode(` ${keyword}=`), bytesOf(value), encoder.encode("\n")]);
      let length = rest.length + 1;
      while (`${length}`.length + rest.length !== length) length++;
      return concat([encoder.encode(`${length}`), rest]);
    }),
  );
}

function member(entry: Member): Uint8Array[] {
  const data = bytesOf(entry.data ?? "");
  const block = new Uint8Array(BLOCK);
  const text = (at: number, value: string) => block.set(encoder.encode(value), at);
  const octal = (at: number, width: number, value: number) =>
    text(at, value.toString(8).padStart(width - 1, "0"));
  text(0, entry.path);
  octal(100, 8, entry.mode ?? 0o644);
  octal(108, 8, entry.uid ?? 0);
  octal(116, 8, entry.gid ?? 0);
  octal(124, 12, entry.size ?? data.length);
  octal(136, 12, entry.mtime ?? 0);
  text(156, entry.type ?? "0");
  text(157, entry.link ?? "");
  text(257, "ustar\x0000");
  octal(329, 8, entry.major ?? 0);
  octal(337, 8, entry.minor ?? 0);
  block.fill(0x20, 148, 156);
  octal(148, 7, block.reduce((sum, byte) => sum + byte, 0));
  return [block, data, new Uint8Array((BLOCK - data.length % BLOCK) % BLOCK)];
}

function bytesOf(data: string | Uint8Array): Uint8Array {
  return typeof data === "string" ? encoder.encode(data) : data;
}

function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
