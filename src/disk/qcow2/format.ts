/**
 * Numbers of the qcow2 format (QEMU's `docs/interop/qcow2.txt`, cited by its section titles). All are big-endian.
 *
 * A 64-bit word is handled as two halves, `hi` and `lo`.
 *
 * @module
 */

/** "QFI\xfb" */
export const MAGIC = 0x514649fb;

/** Offsets of the header's fields, section "Header". Those from 72 on are in version 3 only. */
export const HEADER = {
  MAGIC: 0,
  VERSION: 4,
  BACKING_OFFSET: 8,
  BACKING_LENGTH: 16,
  CLUSTER_BITS: 20,
  SIZE: 24,
  CRYPT_METHOD: 32,
  L1_SIZE: 36,
  L1_OFFSET: 40,
  REFCOUNT_TABLE_OFFSET: 48,
  REFCOUNT_TABLE_CLUSTERS: 56,
  SNAPSHOTS: 60,
  SNAPSHOTS_OFFSET: 64,
  INCOMPATIBLE: 72,
  COMPATIBLE: 80,
  AUTOCLEAR: 88,
  REFCOUNT_ORDER: 96,
  LENGTH: 100,
  COMPRESSION: 104,
} as const;

/** Bytes of the header of version 2, and of the shortest and our own of version 3. */
export const HEADER_BYTES = { V2: 72, V3_LEAST: 104, V3: 112 } as const;

/** Bits of `incompatible_features`. */
export const INCOMPATIBLE = {
  DIRTY: 1,
  CORRUPT: 2,
  EXTERNAL_DATA: 4,
  COMPRESSION: 8,
  EXTENDED_L2: 0x10,
} as const;

/** Header extensions, section "Header extensions". */
export const EXTENSION = { END: 0, BACKING_FORMAT: 0xe2792aca } as const;

/** Bytes of a backing file's name. */
export const BACKING_NAME_MAX = 1023;

/** Bytes of an entry of the L1, L2 and refcount tables. */
export const ENTRY = 8;

/** Parts of a mapping entry's upper half, section "Cluster mapping". */
export const HI = {
  /** The refcount is exactly one: may be written in place. */
  COPIED: 0x8000_0000,
  COMPRESSED: 0x4000_0000,
  /** Bits 32–55 of a host offset. */
  OFFSET: 0x00ff_ffff,
} as const;

/** Parts of its lower half. */
export const LO = {
  /** The cluster reads as zeroes (version 3). */
  ZERO: 1,
  /** Bits 9–31 of a host offset. */
  OFFSET: 0xffff_fe00,
} as const;

/** What QEMU too opens at most: 512-byte to 2 MiB clusters, 32 MiB of L1 table, 8 MiB of refcount table. */
export const LIMIT = {
  CLUSTER_BITS_LEAST: 9,
  CLUSTER_BITS_MOST: 21,
  L1_BYTES: 32 * 2 ** 20,
  REFCOUNT_TABLE_BYTES: 8 * 2 ** 20,
} as const;

/** 2^32: a 64-bit word is `hi * WORD + lo`. */
export const WORD = 2 ** 32;

/** A 64-bit word as a number: exact below 2^53, which no offset in a file reaches. */
export function readWord(view: DataView, at: number): number {
  return view.getUint32(at) * WORD + view.getUint32(at + 4);
}

/** Stores one. */
export function writeWord(view: DataView, at: number, value: number): void {
  view.setUint32(at, value / WORD);
  view.setUint32(at + 4, value >>> 0);
}

/** Host offset that an entry has: of a table or a standard cluster; 0 if it has none. */
export function hostOf(hi: number, lo: number): number {
  return (hi & HI.OFFSET) * WORD + ((lo & LO.OFFSET) >>> 0);
}
