/**
 * Feature bits that belong to no one device (virtio 1.3, 6), and sets of them.
 *
 * @module
 */

/** Bit numbers. */
export const FEATURE = {
  INDIRECT_DESC: 28,
  EVENT_IDX: 29,
  VERSION_1: 32,
  RING_PACKED: 34,
  IN_ORDER: 35,
} as const;

/** 64 feature bits as two words of 32, the low ones first: what registers show, and no bigint. */
export type Features = readonly [low: number, high: number];

/** The set of these bits. */
export function features(...bits: readonly number[]): Features {
  let low = 0, high = 0;
  for (const bit of bits) {
    if (bit < 32) low |= 1 << bit;
    else high |= 1 << (bit - 32);
  }
  return [low >>> 0, high >>> 0];
}

/** Both sets together. */
export function union(a: Features, b: Features): Features {
  return [(a[0] | b[0]) >>> 0, (a[1] | b[1]) >>> 0];
}

/** Whether a bit is in words that a driver wrote, or in a set. */
export function has(words: ArrayLike<number>, bit: number): boolean {
  return (words[bit >> 5]! & (1 << (bit & 31))) !== 0;
}
