/**
 * Where a zstd frame ends (RFC 8878 §3.1.1): the decompressor takes no bytes behind it, and a compressed cluster is
 * stored without its length.
 *
 * @module
 */

const FRAME_MAGIC = 0xfd2fb528;
/** Bytes of the dictionary's id and of the content's size, by the two bits that choose them (§3.1.1.1.1). */
const DICTIONARY_ID = [0, 1, 2, 4] as const;
const CONTENT_SIZE = [0, 2, 4, 8] as const;
const BLOCK_HEADER = 3;
/** A block that is one byte, repeated (§3.1.1.2.2). */
const RLE = 1;

/** Bytes of the frame that `bytes` begins with; undefined if that is none, or is cut off. */
export function zstdFrameLength(bytes: Uint8Array): number | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < 5 || view.getUint32(0, true) !== FRAME_MAGIC) return undefined;
  const descriptor = bytes[4]!;
  const single = (descriptor & 0x20) !== 0;
  const sizeBits = descriptor >> 6;
  const contentSize = single && sizeBits === 0 ? 1 : CONTENT_SIZE[sizeBits]!;
  let at = 5 + (single ? 0 : 1) + DICTIONARY_ID[descriptor & 3]! + contentSize;
  for (let last = false; !last;) {
    if (at + BLOCK_HEADER > bytes.length) return undefined;
    const header = view.getUint16(at, true) | bytes[at + 2]! << 16;
    last = (header & 1) !== 0;
    at += BLOCK_HEADER + ((header >> 1 & 3) === RLE ? 1 : header >> 3);
  }
  const end = at + ((descriptor & 4) !== 0 ? 4 : 0); // the checksum
  return end <= bytes.length ? end : undefined;
}
