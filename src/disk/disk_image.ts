/**
 * A disk as its device's back end sees it.
 *
 * @module
 */

import type { IoVector } from "../../ffi/iovec.ts";

/** Formats of images. */
export type DiskFormat = "raw" | "qcow2";

/** Bytes of a sector: virtio 1.3 §5.2.4 counts capacity in these, whatever a disk's blocks are. */
export const SECTOR = 512;

/**
 * A virtual disk. All calls block, as they run in a worker that does nothing else, and one isolate alone makes them.
 *
 * On the data path a result is 0 or an errno, and nothing throws. A range past {@link size} is EINVAL, a change of a
 * read-only disk EROFS.
 */
export interface DiskImage extends Disposable {
  /** Bytes that the guest sees. */
  readonly size: number;
  readonly readOnly: boolean;
  /** Where it came from, for messages. */
  readonly path: string;
  readonly format: DiskFormat;
  /** Fills the whole table from byte `offset` on. */
  read(offset: number, into: IoVector): number;
  /** Writes the whole table from byte `offset` on. Durable after the next {@link flush}, or as the cache mode says. */
  write(offset: number, from: IoVector): number;
  /** All that was written before it survives a crash of this process and of the host once it returns 0. */
  flush(): number;
  /** The guest needs these bytes no more: a hint, which may free room. What they read as afterwards is open. */
  discard(offset: number, length: number): number;
  /** They read as zeroes afterwards; `unmap` allows that they lose their room on the host. */
  writeZeroes(offset: number, length: number, unmap: boolean): number;
  /** Looks whether the disk has been resized from outside; {@link size} is the new one then. */
  refreshSize(): number;
}

/** What a write means to the host. */
export type CacheMode = "writeback" | "writethrough" | "none" | "unsafe";
