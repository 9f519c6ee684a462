/**
 * A bounded cache of an image's tables: L2 tables, refcount blocks. Each is one cluster.
 *
 * @module
 */

import type { HostFile } from "../host_file.ts";

/** A table in memory, big-endian as in the file. */
export class Table {
  /** Which of its kind it is. */
  index = -1;
  /** Where it is in the file; bytes. */
  offset = 0;
  readonly view: DataView;
  /** The bytes that the file does not have yet: none if `dirtyTo` is 0. */
  dirtyFrom = 0;
  dirtyTo = 0;
  /** Used since the clock's hand passed. */
  recent = true;

  constructor(readonly bytes: Uint8Array<ArrayBuffer>) {
    this.view = new DataView(bytes.buffer);
  }

  /** Marks bytes as changed. */
  touch(at: number, length: number): void {
    if (this.dirtyTo === 0) this.dirtyFrom = at;
    else if (at < this.dirtyFrom) this.dirtyFrom = at;
    if (at + length > this.dirtyTo) this.dirtyTo = at + length;
  }
}

/** Bytes of tables that one cache keeps at most (with 64 KiB clusters, the L2 tables of 256 GiB). */
const CACHE_BYTES = 32 * 2 ** 20;
const CACHE_TABLES = 8192;

/** Tables by their index. Replaces by the clock algorithm, and never a table that the file does not have. */
export class TableCache {
  readonly #file: HostFile;
  readonly #tableBytes: number;
  readonly #capacity: number;
  readonly #tables: Table[] = [];
  readonly #byIndex = new Map<number, Table>();
  #hand = 0;
  #dirty = false;
  /** Why the last {@link load} or {@link create} gave nothing: an errno, or 0 if every table is dirty. */
  errno = 0;

  constructor(file: HostFile, tableBytes: number) {
    this.#file = file;
    this.#tableBytes = tableBytes;
    this.#capacity = Math.min(CACHE_TABLES, CACHE_BYTES / tableBytes);
  }

  /** Some table is not in the file yet. */
  get dirty(): boolean {
    return this.#dirty;
  }

  /** The table, if it is here. */
  find(index: number): Table | undefined {
    const table = this.#byIndex.get(index);
    if (table !== undefined) table.recent = true;
    return table;
  }

  /** The table read from `offset`; undefined with {@link errno} if that fails. */
  load(index: number, offset: number): Table | undefined {
    const table = this.#place();
    if (table === undefined) return undefined;
    this.errno = this.#file.readBytes(offset, table.bytes);
    if (this.errno !== 0) return undefined;
    return this.#enter(table, index, offset);
  }

  /** A new table of zeroes that will be at `offset`; all of it is dirty. */
  create(index: number, offset: number): Table | undefined {
    const table = this.#place();
    if (table === undefined) return undefined;
    table.bytes.fill(0);
    this.#enter(table, index, offset);
    this.touch(table, 0, this.#tableBytes);
    return table;
  }

  /** Marks bytes of a table as changed. */
  touch(table: Table, at: number, length: number): void {
    table.touch(at, length);
    this.#dirty = true;
  }

  /** Writes what has changed. It counts as changed until {@link clean}: writing may come before a failed sync. */
  write(): number {
    if (!this.#dirty) return 0;
    for (const table of this.#tables) {
      if (table.dirtyTo === 0) continue;
      const changed = table.bytes.subarray(table.dirtyFrom, table.dirtyTo);
      const errno = this.#file.writeBytes(table.offset + table.dirtyFrom, changed);
      if (errno !== 0) return errno;
    }
    return 0;
  }

  /** The file has everything. */
  clean(): void {
    if (!this.#dirty) return;
    for (const table of this.#tables) table.dirtyTo = 0;
    this.#dirty = false;
  }

  /** Forgets a table, dirty or not. */
  drop(index: number): void {
    const table = this.#byIndex.get(index);
    if (table === undefined) return;
    this.#byIndex.delete(index);
    table.index = -1;
    table.dirtyTo = 0;
  }

  #enter(table: Table, index: number, offset: number): Table {
    table.index = index;
    table.offset = offset;
    table.recent = true;
    this.#byIndex.set(index, table);
    return table;
  }

  /** Room for one more: a new table, or a clean one that was not used of late. */
  #place(): Table | undefined {
    this.errno = 0;
    if (this.#tables.length < this.#capacity) {
      const table = new Table(new Uint8Array(this.#tableBytes));
      this.#tables.push(table);
      return table;
    }
    for (let steps = 2 * this.#tables.length; steps > 0; steps--) {
      const table = this.#tables[this.#hand]!;
      this.#hand = (this.#hand + 1) % this.#tables.length;
      if (table.dirtyTo !== 0) continue;
      if (table.index >= 0 && table.recent) {
        table.recent = false;
        continue;
      }
      this.drop(table.index);
      return table;
    }
    return undefined;
  }
}
