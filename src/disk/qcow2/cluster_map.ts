/**
 * Where in the file each cluster of the virtual disk is (section "Cluster mapping"), and the order in which changes of
 * that reach the file.
 *
 * @module
 */

import { ERRNO } from "../../../ffi/errno.ts";
import type { HostFile } from "../host_file.ts";
import { ENTRY, HEADER, HI, hostOf, LO, WORD, writeWord } from "./format.ts";
import type { Qcow2Header } from "./header.ts";
import { compressedExtent } from "./compressed.ts";
import type { Refcounts } from "./refcounts.ts";
import { Table, TableCache } from "./table_cache.ts";

/** What a cluster is. */
export const KIND = {
  /** The backing file's, or zeroes. */
  UNALLOCATED: 0,
  /** Zeroes, without a place that may be written. */
  ZERO: 1,
  /** Zeroes, with a place of its own that waits for data. */
  ZERO_OWNED: 2,
  /** Data that a snapshot may refer to as well: it must be copied before a write. */
  SHARED: 3,
  /** Data that may be written in place. */
  OWNED: 4,
  COMPRESSED: 5,
} as const;

/**
 * The tables L1 and L2, and by them the way of every change into the file:
 *
 * 1. refcounts of new clusters; with them, as earlier calls, the data itself; a barrier;
 * 2. L2 tables, new and changed; a barrier if there are new ones;
 * 3. references to the new ones in L1; a barrier;
 * 4. the refcounts of what is referred to no more are lowered, in memory.
 *
 * A crash at any point leaves clusters that nobody refers to, never a reference to a cluster that is not counted.
 */
export class ClusterMap {
  readonly #file: HostFile;
  readonly #refcounts: Refcounts | undefined;
  readonly #version: number;
  readonly #clusterBits: number;
  readonly #clusterSize: number;
  readonly #perTable: number;
  #l1: Table;
  #l1Offset: number;
  readonly #tables: TableCache;
  #last = new Table(new Uint8Array(0));

  /** What {@link find} found: {@link KIND}, */
  kind = 0;
  /** the place in the file of the first byte (nothing where there is no place), */
  host = 0;
  /** how many bytes in a row are like that, */
  length = 0;
  /** and the first entry, for compressed clusters. */
  hi = 0;
  lo = 0;

  /** @param refcounts of an image that is written to */
  constructor(file: HostFile, header: Qcow2Header, l1: Uint8Array<ArrayBuffer>, refcounts?: Refcounts) {
    this.#file = file;
    this.#refcounts = refcounts;
    this.#version = header.version;
    this.#clusterBits = header.clusterBits;
    this.#clusterSize = header.clusterSize;
    this.#perTable = header.clusterSize / ENTRY;
    this.#l1 = new Table(l1);
    this.#l1Offset = header.l1Offset;
    this.#tables = new TableCache(file, header.clusterSize);
  }

  /**
   * Looks up where `length` bytes from `offset` on are, which must lie in the disk; the answer is in the fields, and may
   * be for the first of them only. An errno, EIO where the tables are damaged.
   */
  find(offset: number, length: number): number {
    const size = this.#clusterSize, perTable = this.#perTable;
    const cluster = Math.floor(offset / size), within = offset - cluster * size;
    const l1Index = Math.floor(cluster / perTable);
    const first = cluster - l1Index * perTable;
    const most = Math.min(perTable - first, Math.ceil((within + length) / size));
    let table: Table | undefined = this.#last;
    if (table.index !== l1Index) {
      table = this.#tableAt(l1Index);
      if (table === undefined) {
        if (this.#tables.errno !== 0) return this.#tables.errno;
        this.kind = KIND.UNALLOCATED;
        this.host = 0;
        this.length = Math.min(length, most * size - within);
        return 0;
      }
      this.#last = table;
    }
    table.recent = true;
    const view = table.view;
    const hi = this.hi = view.getUint32(first * ENTRY), lo = this.lo = view.getUint32(first * ENTRY + 4);
    const kind = this.kind = this.#kindOf(hi, lo);
    let count = 1;
    if (kind === KIND.COMPRESSED) {
      this.host = 0;
    } else if (kind === KIND.UNALLOCATED || kind === KIND.ZERO) {
      this.host = 0;
      while (count < most && kind === this.#kindAt(view, first + count)) count++;
    } else {
      const host = hostOf(hi, lo), end = this.#file.size;
      // A place past the end is damage; a zero cluster's is only reserved, and may be.
      if ((lo & (size - 1) & LO.OFFSET) !== 0 || (kind !== KIND.ZERO_OWNED && host >= end)) return ERRNO.EIO;
      while (count < most) {
        const at = (first + count) * ENTRY;
        const next = host + count * size;
        if (kind !== this.#kindAt(view, first + count)) break;
        if (hostOf(view.getUint32(at), view.getUint32(at + 4)) !== next) break;
        if (kind !== KIND.ZERO_OWNED && next >= end) break;
        count++;
      }
      this.host = host + within;
    }
    this.length = Math.min(length, count * size - within);
    return 0;
  }

  /** The `count` clusters from `offset` on are the clusters at `host` from now on, which nobody else refers to. */
  point(offset: number, count: number, host: number): number {
    return this.#change(offset, count, (view, at, index) => {
      const place = host + index * this.#clusterSize;
      const hi = view.getUint32(at), lo = view.getUint32(at + 4);
      if (this.#kindOf(hi, lo) !== KIND.ZERO_OWNED || hostOf(hi, lo) !== place) this.#release(hi, lo);
      view.setUint32(at, (HI.COPIED | place / WORD) >>> 0);
      view.setUint32(at + 4, place >>> 0);
    });
  }

  /** They are zeroes from now on, or (not `zero`) unallocated; what they had is given back. */
  clear(offset: number, count: number, zero: boolean): number {
    return this.#change(offset, count, (view, at) => {
      this.#release(view.getUint32(at), view.getUint32(at + 4));
      view.setUint32(at, 0);
      view.setUint32(at + 4, zero ? LO.ZERO : 0);
    });
  }

  /** They read as zeroes from now on, and keep their places. Only for those that are {@link KIND}.OWNED. */
  hide(offset: number, count: number): number {
    return this.#change(offset, count, (view, at) => {
      view.setUint32(at + 4, (view.getUint32(at + 4) | LO.ZERO) >>> 0);
    });
  }

  /** Everything written so far is durable when it returns 0. */
  commit(): number {
    const refcounts = this.#refcounts!;
    let errno = refcounts.write() || this.#file.sync();
    if (errno !== 0) return errno;
    refcounts.clean();
    if (this.#tables.dirty || this.#l1.dirtyTo !== 0) {
      errno = this.#tables.write();
      if (errno === 0 && this.#l1.dirtyTo !== 0) {
        const { bytes, dirtyFrom, dirtyTo } = this.#l1;
        errno = this.#file.sync() ||
          this.#file.writeBytes(this.#l1Offset + dirtyFrom, bytes.subarray(dirtyFrom, dirtyTo));
      }
      errno ||= this.#file.sync();
      if (errno !== 0) return errno;
      this.#tables.clean();
      this.#l1.dirtyTo = 0;
    }
    if (refcounts.waiting) refcounts.settle();
    return 0;
  }

  /** Makes the L1 table large enough for `entries`, in a new place if it has not enough. An errno. */
  growTable(entries: number): number {
    const before = this.#l1.bytes.length;
    if (entries * ENTRY <= before) return 0;
    const refcounts = this.#refcounts!;
    const clusters = Math.ceil(entries * ENTRY / this.#clusterSize);
    let errno = this.commit() || refcounts.allocateRow(clusters);
    if (errno !== 0) return errno;
    const offset = refcounts.first * this.#clusterSize;
    const bytes = new Uint8Array(clusters * this.#clusterSize);
    bytes.set(this.#l1.bytes);
    const place = new Uint8Array(12), view = new DataView(place.buffer);
    view.setUint32(0, entries);
    writeWord(view, 4, offset);
    errno = this.#file.writeBytes(offset, bytes) ||
      this.commit() || // its clusters are counted, and it is there, before the header leads to it
      this.#file.writeBytes(HEADER.L1_SIZE, place) ||
      this.#file.sync();
    if (errno !== 0) return errno;
    for (let i = 0; i * this.#clusterSize < before; i++) {
      refcounts.release(this.#l1Offset / this.#clusterSize + i);
    }
    this.#l1 = new Table(bytes.slice(0, entries * ENTRY));
    this.#l1Offset = offset;
    return 0;
  }

  /** Changes entries of one L2 table. */
  #change(
    offset: number,
    count: number,
    change: (view: DataView, at: number, index: number) => void,
  ): number {
    const cluster = Math.floor(offset / this.#clusterSize);
    const l1Index = Math.floor(cluster / this.#perTable);
    const first = cluster - l1Index * this.#perTable;
    const table = this.#ownTable(l1Index);
    if (table === undefined) return this.#tables.errno || ERRNO.EIO;
    for (let index = 0; index < count; index++) change(table.view, (first + index) * ENTRY, index);
    this.#tables.touch(table, first * ENTRY, count * ENTRY);
    // So many wait that they are given back now; an error here is the next flush's to tell.
    if (this.#refcounts!.crowded) this.commit();
    return 0;
  }

  /** The L2 table; undefined with errno 0 if there is none. */
  #tableAt(l1Index: number): Table | undefined {
    const found = this.#tables.find(l1Index);
    if (found !== undefined) return found;
    this.#tables.errno = 0;
    const at = l1Index * ENTRY;
    const offset = hostOf(this.#l1.view.getUint32(at), this.#l1.view.getUint32(at + 4));
    if (offset === 0) return undefined;
    return this.#tables.load(l1Index, offset) ??
      (this.#makeRoom() ? this.#tables.load(l1Index, offset) : undefined);
  }

  /** The L2 table, one that no snapshot shares; undefined with an errno. */
  #ownTable(l1Index: number): Table | undefined {
    const before = this.#tableAt(l1Index);
    if (before === undefined && this.#tables.errno !== 0) return undefined;
    const at = l1Index * ENTRY;
    const hi = this.#l1.view.getUint32(at);
    if (before !== undefined && (hi & HI.COPIED) !== 0) return before;
    const refcounts = this.#refcounts!;
    if (refcounts.allocate(1) === 0) {
      this.#tables.errno = refcounts.errno;
      return undefined;
    }
    const cluster = refcounts.first, offset = cluster * this.#clusterSize;
    const table = before ?? this.#tables.create(l1Index, offset) ??
      (this.#makeRoom() ? this.#tables.create(l1Index, offset) : undefined);
    if (table === undefined) {
      refcounts.undo(cluster, 1);
      return undefined;
    }
    if (before !== undefined) {
      refcounts.release(before.offset / this.#clusterSize);
      before.offset = offset;
      this.#tables.touch(before, 0, this.#clusterSize);
    }
    this.#l1.view.setUint32(at, (HI.COPIED | offset / WORD) >>> 0);
    this.#l1.view.setUint32(at + 4, offset >>> 0);
    this.#l1.touch(at, ENTRY);
    return table;
  }

  /** Makes room in a cache full of changed tables. */
  #makeRoom(): boolean {
    if (this.#tables.errno !== 0) return false;
    this.#tables.errno = this.#refcounts === undefined ? ERRNO.EIO : this.commit();
    return this.#tables.errno === 0;
  }

  #kindAt(view: DataView, index: number): number {
    return this.#kindOf(view.getUint32(index * ENTRY), view.getUint32(index * ENTRY + 4));
  }

  #kindOf(hi: number, lo: number): number {
    if ((hi & HI.COMPRESSED) !== 0) return KIND.COMPRESSED;
    const placed = (hi & HI.OFFSET) !== 0 || (lo & LO.OFFSET) !== 0;
    const owned = placed && (hi & HI.COPIED) !== 0;
    if ((lo & LO.ZERO) !== 0 && this.#version >= 3) return owned ? KIND.ZERO_OWNED : KIND.ZERO;
    if (!placed) return KIND.UNALLOCATED;
    return owned ? KIND.OWNED : KIND.SHARED;
  }

  /** Gives back what an entry refers to, once the file no longer has it. */
  #release(hi: number, lo: number): void {
    const refcounts = this.#refcounts!;
    if ((hi & HI.COMPRESSED) !== 0) {
      const { offset, length } = compressedExtent(hi, lo, this.#clusterBits);
      const last = Math.floor((offset + length - 1) / this.#clusterSize);
      for (let cluster = Math.floor(offset / this.#clusterSize); cluster <= last; cluster++) {
        refcounts.release(cluster);
      }
      return;
    }
    const host = hostOf(hi, lo);
    if (host !== 0 && host % this.#clusterSize === 0) refcounts.release(host / this.#clusterSize);
  }
}

/**
 * The first entry of an L1 or refcount table that leads nowhere, in words; undefined if none does.
 *
 * @param end of the file; a table that an entry leads to must be wholly before it
 */
export function misplacedEntry(table: DataView, clusterSize: number, end: number): string | undefined {
  for (let at = 0; at + ENTRY <= table.byteLength; at += ENTRY) {
    const offset = hostOf(table.getUint32(at), table.getUint32(at + 4));
    if (offset % clusterSize !== 0 || (offset !== 0 && offset + clusterSize > end)) {
      return `entry ${at / ENTRY} leads to ${offset}`;
    }
  }
  return undefined;
}
