/**
 * Who uses which cluster of the file: allocation, and release (section "Host cluster management").
 *
 * @module
 */

import { ERRNO } from "../../../ffi/errno.ts";
import type { HostFile } from "../host_file.ts";
import { ENTRY, HEADER, hostOf, LIMIT, writeWord } from "./format.ts";
import type { Qcow2Header } from "./header.ts";
import { readRefcount, writeRefcount } from "./refcount_entry.ts";
import { Table, TableCache } from "./table_cache.ts";

/** Clusters that wait for their release before {@link Refcounts.crowded}. */
const RELEASES = 4096;

/**
 * The refcounts of an image that is written to.
 *
 * An allocation raises them in memory; they must be in the file before anything there refers to the cluster. A release
 * lowers them only after the file's last reference is gone ({@link settle}), so a crash between the two leaks clusters
 * and never frees one that is in use. No cluster is used again before that.
 */
export class Refcounts {
  readonly #file: HostFile;
  readonly #clusterSize: number;
  readonly #order: number;
  readonly #perBlock: number;
  readonly #blocks: TableCache;
  readonly #releases = new Float64Array(RELEASES * 2); // room for all of one request beyond the mark
  #waiting = 0;
  /** The refcount table: where each block is. */
  #table: Table;
  #tableOffset: number;
  /** No cluster below it is free. */
  #hint = 1;
  /** The first cluster of the last allocation. */
  first = 0;
  /** Why the last allocation gave nothing. */
  errno = 0;

  constructor(file: HostFile, header: Qcow2Header, table: Uint8Array<ArrayBuffer>) {
    this.#file = file;
    this.#clusterSize = header.clusterSize;
    this.#order = header.refcountOrder;
    this.#perBlock = header.clusterSize * 8 / 2 ** header.refcountOrder;
    this.#blocks = new TableCache(file, header.clusterSize);
    this.#table = new Table(table);
    this.#tableOffset = header.refcountTableOffset;
  }

  /** So many clusters wait for their release that it is time to commit. */
  get crowded(): boolean {
    return this.#waiting >= RELEASES;
  }

  /** Something is not in the file yet. */
  get dirty(): boolean {
    return this.#blocks.dirty || this.#table.dirtyTo !== 0;
  }

  /** Clusters wait for {@link settle}. */
  get waiting(): boolean {
    return this.#waiting !== 0;
  }

  /**
   * Takes up to `wanted` free clusters in a row, the first of which is {@link first}. Returns how many; 0 with
   * {@link errno} if there are none.
   */
  allocate(wanted: number): number {
    for (;;) {
      const index = Math.floor(this.#hint / this.#perBlock);
      if (index * ENTRY >= this.#table.bytes.length) {
        if ((this.errno = this.#growTable()) !== 0) return 0;
        continue;
      }
      const block = this.#block(index) ?? this.#newBlock(index);
      if (block === undefined) return 0;
      const base = index * this.#perBlock;
      let at = this.#hint - base;
      while (at < this.#perBlock && readRefcount(block.view, this.#order, at) !== 0) at++;
      this.#hint = base + at;
      if (at === this.#perBlock) continue;
      let count = 1;
      while (
        count < wanted && at + count < this.#perBlock &&
        readRefcount(block.view, this.#order, at + count) === 0
      ) count++;
      return this.#take(block, base + at, count);
    }
  }

  /** Takes exactly that many in a row, the first of which is {@link first}. An errno. */
  allocateRow(count: number): number {
    if (count >= this.#perBlock) return ERRNO.EFBIG; // a row lies within what one block counts, beside the block
    const short: [number, number][] = [];
    let got = 0;
    while ((got = this.allocate(count)) !== 0 && got < count) short.push([this.first, got]);
    for (const [first, length] of short) this.undo(first, length);
    return got === 0 ? this.errno : 0;
  }

  /** Gives back clusters of the last allocation, which nothing has ever referred to. */
  undo(first: number, count: number): void {
    for (let cluster = first; cluster < first + count; cluster++) this.#change(cluster, -1);
  }

  /** A reference to a cluster is gone from memory: it will be given back when it is gone from the file. */
  release(cluster: number): void {
    if (this.#waiting < this.#releases.length) this.#releases[this.#waiting++] = cluster;
    // else it leaks: callers commit when this gets crowded, unless the host's disk is full
  }

  /** Step 1 of a commit: blocks, then the table's references to new ones. They are durable after the next sync. */
  write(): number {
    const errno = this.#blocks.write();
    if (errno !== 0 || this.#table.dirtyTo === 0) return errno;
    const { bytes, dirtyFrom, dirtyTo } = this.#table;
    return this.#file.sync() ||
      this.#file.writeBytes(this.#tableOffset + dirtyFrom, bytes.subarray(dirtyFrom, dirtyTo));
  }

  /** What {@link write} wrote is durable. */
  clean(): void {
    this.#blocks.clean();
    this.#table.dirtyTo = 0;
  }

  /** The last step of a commit: nothing durable refers to what was released. Its room goes back to the host. */
  settle(): void {
    const released = this.#releases.subarray(0, this.#waiting).sort();
    this.#waiting = 0;
    let start = 0, end = 0; // clusters to punch out
    for (const cluster of released) {
      if (!this.#change(cluster, -1)) continue;
      if (cluster !== end) {
        this.#punch(start, end);
        start = cluster;
      }
      end = cluster + 1;
    }
    this.#punch(start, end);
  }

  #punch(start: number, end: number): void {
    const from = start * this.#clusterSize, to = Math.min(end * this.#clusterSize, this.#file.size);
    if (from < to) this.#file.punch(from, to - from); // saves room where the host can; else nothing is lost
  }

  #take(block: Table, first: number, count: number): number {
    const end = (first + count) * this.#clusterSize;
    if (this.#file.blockDevice && end > this.#file.size) {
      this.errno = ERRNO.ENOSPC;
      return 0;
    }
    const base = first % this.#perBlock;
    for (let i = base; i < base + count; i++) writeRefcount(block.view, this.#order, i, 1);
    this.#touch(block, base, count);
    this.first = first;
    this.#hint = first + count;
    return count;
  }

  /** Adds to a refcount. True if the cluster is free now. One that cannot be reached or lowered stays: a leak. */
  #change(cluster: number, by: number): boolean {
    if (cluster === 0) return false; // the header's, which only a damaged image gives back
    const block = this.#block(Math.floor(cluster / this.#perBlock));
    if (block === undefined) return false;
    const at = cluster % this.#perBlock;
    const count = readRefcount(block.view, this.#order, at);
    if (count === 0 || !Number.isSafeInteger(count)) return false;
    writeRefcount(block.view, this.#order, at, count + by);
    this.#touch(block, at, 1);
    if (count + by !== 0) return false;
    this.#hint = Math.min(this.#hint, cluster);
    return true;
  }

  #touch(block: Table, first: number, count: number): void {
    const bits = 2 ** this.#order;
    const from = Math.floor(first * bits / 8), to = Math.ceil((first + count) * bits / 8);
    this.#blocks.touch(block, from, to - from);
  }

  /** A block; undefined if there is none (errno 0) or it cannot be read. */
  #block(index: number): Table | undefined {
    const found = this.#blocks.find(index);
    if (found !== undefined) return found;
    this.errno = 0;
    if ((index + 1) * ENTRY > this.#table.bytes.length) return undefined;
    const offset = hostOf(
      this.#table.view.getUint32(index * ENTRY),
      this.#table.view.getUint32(index * ENTRY + 4),
    );
    if (offset === 0) return undefined;
    const block = this.#blocks.load(index, offset) ??
      (this.#evict() ? this.#blocks.load(index, offset) : undefined);
    if (block === undefined) this.errno = this.#blocks.errno || ERRNO.EIO;
    return block;
  }

  /** A block for a range where all is free. It lies in the first cluster of that range, and counts itself. */
  #newBlock(index: number): Table | undefined {
    if (this.errno !== 0) return undefined;
    const first = index * this.#perBlock;
    const offset = first * this.#clusterSize;
    if (this.#file.blockDevice && offset + this.#clusterSize > this.#file.size) {
      this.errno = ERRNO.ENOSPC;
      return undefined;
    }
    const block = this.#blocks.create(index, offset) ??
      (this.#evict() ? this.#blocks.create(index, offset) : undefined);
    if (block === undefined) {
      this.errno = this.#blocks.errno || ERRNO.EIO;
      return undefined;
    }
    writeRefcount(block.view, this.#order, 0, 1);
    writeWord(this.#table.view, index * ENTRY, offset);
    this.#table.touch(index * ENTRY, ENTRY);
    return block;
  }

  /** Makes room in a cache full of changed blocks. Refcounts may be in the file early: at worst that is a leak. */
  #evict(): boolean {
    if (this.#blocks.errno !== 0) return false;
    this.#blocks.errno = this.#blocks.write();
    if (this.#blocks.errno !== 0) return false;
    this.#blocks.clean();
    return true;
  }

  /**
   * Moves the table to a larger place: the first clusters that the old one does not cover, where the new table and the
   * blocks that count it are written. The header changes last, in one write.
   */
  #growTable(): number {
    const old = this.#table.bytes;
    const first = old.length / ENTRY * this.#perBlock;
    const clusters = Math.ceil(old.length / this.#clusterSize * 1.5) + 1;
    let blocks = 1;
    while (blocks * this.#perBlock < blocks + clusters) blocks++;
    const size = clusters * this.#clusterSize;
    if (size > LIMIT.REFCOUNT_TABLE_BYTES) return ERRNO.EFBIG;
    const end = (first + blocks + clusters) * this.#clusterSize;
    if (this.#file.blockDevice && end > this.#file.size) return ERRNO.ENOSPC;

    const table = new Table(new Uint8Array(size));
    table.bytes.set(old);
    const counts = new Uint8Array(blocks * this.#clusterSize);
    const view = new DataView(counts.buffer);
    for (let i = 0; i < blocks + clusters; i++) writeRefcount(view, this.#order, i, 1);
    for (let i = 0; i < blocks; i++) {
      writeWord(table.view, old.length + i * ENTRY, (first + i) * this.#clusterSize);
    }
    const offset = (first + blocks) * this.#clusterSize;
    const place = new Uint8Array(12);
    writeWord(new DataView(place.buffer), 0, offset);
    new DataView(place.buffer).setUint32(8, clusters);
    const errno = this.#blocks.write() ||
      this.#file.writeBytes(first * this.#clusterSize, counts) ||
      this.#file.writeBytes(offset, table.bytes) ||
      this.#file.sync() ||
      this.#file.writeBytes(HEADER.REFCOUNT_TABLE_OFFSET, place) ||
      this.#file.sync();
    if (errno !== 0) return errno;
    for (let i = 0; i < old.length / this.#clusterSize; i++) {
      this.release(this.#tableOffset / this.#clusterSize + i);
    }
    this.#table = table;
    this.#tableOffset = offset;
    return 0;
  }
}
