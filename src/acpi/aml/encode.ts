/**
 * The ground of AML, ACPI's byte code: nodes, little-endian numbers and package lengths.
 *
 * @module
 */

/**
 * A piece of AML, already encoded: an object, a statement or an expression. Nodes never change, and nest by
 * being copied into the node around them; nothing of AML refers to a byte's position, so that is all it takes.
 */
export interface AmlNode {
  /** Its bytes. */
  readonly bytes: Uint8Array;
}

/** What an encoded thing is made of: single bytes, runs of bytes and nodes. */
export type AmlPart = number | Uint8Array | AmlNode;

/** Joins single bytes, runs of bytes and nodes. */
export function join(parts: readonly AmlPart[]): Uint8Array {
  const runs = parts.map((part) =>
    typeof part === "number" ? Uint8Array.of(part) : part instanceof Uint8Array ? part : part.bytes
  );
  const bytes = new Uint8Array(runs.reduce((sum, run) => sum + run.length, 0));
  let at = 0;
  for (const run of runs) {
    bytes.set(run, at);
    at += run.length;
  }
  return bytes;
}

/** A node of the parts given, in their order. */
export function node(...parts: readonly AmlPart[]): AmlNode {
  return { bytes: join(parts) };
}

/**
 * `value` as `width` bytes, least significant first.
 *
 * @throws {RangeError} if the value is negative, no integer, or too wide.
 */
export function littleEndian(value: number | bigint, width: number): Uint8Array {
  if (typeof value === "number" && !Number.isSafeInteger(value)) {
    throw new RangeError(`${value} is no exact integer`);
  }
  let rest = BigInt(value);
  if (rest < 0n || rest >= 1n << BigInt(8 * width)) {
    throw new RangeError(`${value} does not fit ${width} unsigned bytes`);
  }
  const bytes = new Uint8Array(width);
  for (let i = 0; i < width; i++, rest >>= 8n) bytes[i] = Number(rest & 0xffn);
  return bytes;
}

/** The largest number that a PkgLength holds: four bits in its first byte and three whole bytes (ACPI 6.5 §20.2.4). */
export const MAX_PACKAGE_LENGTH = 2 ** 28 - 1;

/**
 * A bare PkgLength: `value` in the fewest bytes (ACPI 6.5 §20.2.4). One byte carries six bits; otherwise the
 * first byte's top two bits count the bytes that follow, and its low four are the number's lowest.
 * Field elements use it as it is; everything else counts the PkgLength's own bytes too, see {@link packaged}.
 *
 * @throws {RangeError} above {@link MAX_PACKAGE_LENGTH}.
 */
export function packageLength(value: number): Uint8Array {
  if (!Number.isInteger(value) || value < 0 || value > MAX_PACKAGE_LENGTH) {
    throw new RangeError(`an AML package length of ${value} is outside 0 … ${MAX_PACKAGE_LENGTH}`);
  }
  if (value < 2 ** 6) return Uint8Array.of(value);
  const following = value < 2 ** 12 ? 1 : value < 2 ** 20 ? 2 : 3;
  return join([(following << 6) | (value & 0xf), littleEndian(value >>> 4, following)]);
}

/**
 * An opcode, the length of what it spans, and its content. The length counts its own encoding, so a content
 * just under a limit may take one byte more than its own length would.
 *
 * @throws {RangeError} if content and encoding exceed {@link MAX_PACKAGE_LENGTH}.
 */
export function packaged(opcode: readonly number[], ...content: readonly AmlPart[]): AmlNode {
  const body = join(content);
  const own = [6, 12, 20].findIndex((bits, index) => body.length + index + 1 < 2 ** bits) + 1 || 4;
  return node(...opcode, packageLength(body.length + own), body);
}
