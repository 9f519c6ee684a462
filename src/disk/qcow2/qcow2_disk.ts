/**
 * Disks in the qcow2 format: what the guest's requests mean for the clusters of the file.
 *
 * @module
 */

import { ERRNO } from "../../../ffi/errno.ts";
import { addressOf, IoVector } from "../../../ffi/iovec.ts";
import { type DiskImage, SECTOR } from "../disk_image.ts";
import type { HostFile } from "../host_file.ts";
import { type ClusterMap, KIND } from "./cluster_map.ts";
import { Decompressor } from "./compressed.ts";
import { ENTRY, HEADER, LIMIT, writeWord } from "./format.ts";
import { l1EntriesFor, type Qcow2Header } from "./header.ts";
import { NewClusters } from "./new_clusters.ts";
import type { Refcounts } from "./refcounts.ts";

/** What a disk is made of. It takes over the file and the backing disk. */
export interface Qcow2Parts {
  readonly file: HostFile;
  readonly header: Qcow2Header;
  readonly map: ClusterMap;
  /** Of a disk that is written to. */
  readonly refcounts: Refcounts | undefined;
  /** What unallocated clusters read as; without one, zeroes. */
  readonly backing: DiskImage | undefined;
  /** Every write is durable when it returns (cache mode `writethrough`). */
  readonly flushWrites: boolean;
}

/** Pieces of a request that a slice has room for at first. */
const PIECES = 1024;
/** Clusters that one step of a discard changes: each may have a place to give back. */
const STEP = 1024;

/** A qcow2 disk. A transfer within clusters that are the disk's own costs one system call and allocates nothing. */
export class Qcow2Disk implements DiskImage {
  readonly format = "qcow2";
  readonly path: string;
  readonly readOnly: boolean;
  readonly #file: HostFile;
  readonly #map: ClusterMap;
  readonly #refcounts: Refcounts | undefined;
  readonly #backing: DiskImage | undefined;
  readonly #flushWrites: boolean;
  readonly #clusterSize: number;
  readonly #hasZeroFlag: boolean;
  readonly #hasSnapshots: boolean;
  #size: number;
  readonly #compressed: Decompressor;
  readonly #part = new IoVector(PIECES);
  readonly #newClusters: NewClusters | undefined;
  readonly #zeroes = new IoVector(1);
  /** SAFETY: its address is used only while it is kept here. */
  #zeroBytes: Uint8Array<ArrayBuffer> | undefined;

  constructor(parts: Qcow2Parts) {
    const { file, header } = parts;
    this.path = file.path;
    this.readOnly = file.readOnly;
    this.#size = header.size;
    this.#file = file;
    this.#map = parts.map;
    this.#refcounts = parts.refcounts;
    this.#backing = parts.backing;
    this.#flushWrites = parts.flushWrites;
    this.#clusterSize = header.clusterSize;
    this.#hasZeroFlag = header.version >= 3;
    this.#hasSnapshots = header.snapshots > 0;
    this.#compressed = new Decompressor(file, header.clusterBits, header.compression);
    this.#newClusters = parts.refcounts && new NewClusters({
      file,
      map: parts.map,
      refcounts: parts.refcounts,
      clusterSize: header.clusterSize,
      backed: parts.backing !== undefined,
      readOld: (offset, into) => this.#read(offset, into),
    });
  }

  get size(): number {
    return this.#size;
  }

  read(offset: number, into: IoVector): number {
    return this.#outside(offset, into.bytes) ? ERRNO.EINVAL : this.#read(offset, into);
  }

  write(offset: number, from: IoVector): number {
    if (this.readOnly) return ERRNO.EROFS;
    if (this.#outside(offset, from.bytes)) return ERRNO.EINVAL;
    const errno = this.#write(offset, from);
    return errno === 0 && this.#flushWrites ? this.flush() : errno;
  }

  flush(): number {
    return this.readOnly ? 0 : this.#map.commit();
  }

  discard(offset: number, length: number): number {
    if (this.readOnly) return ERRNO.EROFS;
    if (this.#outside(offset, length)) return ERRNO.EINVAL;
    // Without the zero flag a backing file's contents would come up again.
    if (this.#backing !== undefined && !this.#hasZeroFlag) return 0;
    const end = this.#wholeEnd(offset + length);
    let at = Math.ceil(offset / this.#clusterSize) * this.#clusterSize;
    while (at < end) {
      const errno = this.#map.find(at, Math.min(end - at, STEP * this.#clusterSize));
      if (errno !== 0) return errno;
      const { length, kind } = this.#map;
      if (kind !== KIND.ZERO && (kind !== KIND.UNALLOCATED || this.#backing !== undefined)) {
        const failed = this.#clear(at, length);
        if (failed !== 0) return failed;
      }
      at += length;
    }
    return 0;
  }

  writeZeroes(offset: number, length: number, unmap: boolean): number {
    if (this.readOnly) return ERRNO.EROFS;
    if (this.#outside(offset, length)) return ERRNO.EINVAL;
    const end = offset + length, wholeEnd = this.#wholeEnd(end);
    for (let at = offset; at < end;) {
      const within = at % this.#clusterSize;
      const whole = within === 0 && at < wholeEnd;
      const most = whole
        ? Math.min(wholeEnd - at, STEP * this.#clusterSize)
        : Math.min(this.#clusterSize - within, end - at);
      const errno = this.#map.find(at, most) || this.#zero(at, this.#map.length, whole, unmap);
      if (errno !== 0) return errno;
      at += this.#zeroed;
    }
    return this.#flushWrites ? this.flush() : 0;
  }

  /** The virtual disk's size is in the header, which nobody else may change while this has it open. */
  refreshSize(): number {
    return 0;
  }

  /**
   * Makes the virtual disk larger; what is new reads as zeroes. An errno: EINVAL for a smaller size, EOPNOTSUPP for
   * snapshots of version 2, which do not have a size of their own, EFBIG for more than the format or its tables allow.
   */
  grow(size: number): number {
    if (this.readOnly) return ERRNO.EROFS;
    if (size < this.#size || size % SECTOR !== 0 || !Number.isSafeInteger(size)) return ERRNO.EINVAL;
    if (this.#hasSnapshots && !this.#hasZeroFlag) return ERRNO.EOPNOTSUPP;
    const entries = l1EntriesFor(size, this.#clusterSize);
    if (entries * ENTRY > LIMIT.L1_BYTES) return ERRNO.EFBIG;
    const before = this.#size;
    let errno = this.#map.growTable(entries);
    if (errno !== 0) return errno;
    this.#size = size;
    // What nobody could see until now: the rest of the last cluster, and a longer backing file's contents.
    const clusterEnd = Math.ceil(before / this.#clusterSize) * this.#clusterSize;
    const unseen = Math.min(size, Math.max(clusterEnd, this.#backing?.size ?? 0));
    const place = new Uint8Array(8);
    writeWord(new DataView(place.buffer), 0, size);
    errno = (unseen > before ? this.writeZeroes(before, unseen - before, true) : 0) ||
      this.flush() ||
      this.#file.writeBytes(HEADER.SIZE, place) ||
      this.#file.sync();
    if (errno !== 0) this.#size = before;
    return errno;
  }

  /** Brings everything into the file, and closes it. */
  [Symbol.dispose](): void {
    if (!this.readOnly && this.#map.commit() === 0 && this.#refcounts!.dirty) {
      this.#map.commit(); // what the first one gave back: else it would leak
    }
    this.#backing?.[Symbol.dispose]();
    this.#file[Symbol.dispose]();
  }

  #outside(offset: number, length: number): boolean {
    return !(offset >= 0 && length >= 0 && offset + length <= this.size);
  }

  /** The end of the whole clusters before `end`; the disk's last one is whole if all that the guest sees of it is. */
  #wholeEnd(end: number): number {
    return end === this.size ? end : end - end % this.#clusterSize;
  }

  #read(offset: number, into: IoVector): number {
    const map = this.#map, total = into.bytes;
    for (let done = 0; done < total;) {
      let errno = map.find(offset + done, total - done);
      if (errno !== 0) return errno;
      const { length } = map;
      switch (map.kind) {
        case KIND.OWNED:
        case KIND.SHARED:
          errno = this.#file.read(map.host, this.#partOf(into, done, length));
          break;
        case KIND.UNALLOCATED:
          errno = this.#readBacking(offset + done, into, done, length);
          break;
        case KIND.COMPRESSED: {
          const plain = this.#compressed.read(map.hi, map.lo);
          if (plain === undefined) return ERRNO.EIO;
          const within = (offset + done) % this.#clusterSize;
          into.copyFrom(done, plain.subarray(within, within + length));
          break;
        }
        default:
          into.zero(done, length);
      }
      if (errno !== 0) return errno;
      done += length;
    }
    return 0;
  }

  /** A backing disk may be shorter: what it does not have is zeroes. */
  #readBacking(offset: number, into: IoVector, done: number, length: number): number {
    const there = this.#backing === undefined
      ? 0
      : Math.max(0, Math.min(length, this.#backing.size - offset));
    if (there < length) into.zero(done + there, length - there);
    return there === 0 ? 0 : this.#backing!.read(offset, this.#partOf(into, done, there));
  }

  /** `length` bytes of a request from `from` on: the request itself where that is all of it. */
  #partOf(request: IoVector, from: number, length: number): IoVector {
    if (length === request.bytes) return request;
    request.slice(from, length, this.#part);
    return this.#part;
  }

  #write(offset: number, from: IoVector): number {
    const map = this.#map, total = from.bytes;
    for (let done = 0; done < total;) {
      let errno = map.find(offset + done, total - done);
      if (errno !== 0) return errno;
      if (map.kind === KIND.OWNED) {
        const { length } = map;
        errno = this.#file.write(map.host, this.#partOf(from, done, length));
        done += length;
      } else {
        const packed = map.kind === KIND.COMPRESSED;
        errno = this.#newClusters!.write(offset + done, from, done);
        if (packed) this.#compressed.forget(); // its place is free for other data
        done += this.#newClusters!.written;
      }
      if (errno !== 0) return errno;
    }
    return 0;
  }

  #zeroed = 0;

  /** Zeroes what the map just found, `length` bytes, all of one kind. How much that was is in `#zeroed`. */
  #zero(offset: number, length: number, whole: boolean, unmap: boolean): number {
    const { kind } = this.#map;
    this.#zeroed = length;
    const owned = kind === KIND.OWNED || kind === KIND.ZERO_OWNED;
    const unmapped = kind === KIND.UNALLOCATED && this.#backing === undefined;
    if (unmapped || kind === KIND.ZERO || (kind === KIND.ZERO_OWNED && !(unmap && whole))) return 0;
    if (whole && (this.#hasZeroFlag || (this.#backing === undefined && (unmap || !owned)))) {
      return kind === KIND.OWNED && !unmap
        ? this.#map.hide(offset, Math.ceil(length / this.#clusterSize))
        : this.#clear(offset, length, this.#hasZeroFlag);
    }
    return this.#writeZeroBytes(offset, length);
  }

  /** Zeroes as data: at the edges of clusters, and where the format has no better way. */
  #writeZeroBytes(offset: number, length: number): number {
    this.#zeroBytes ??= new Uint8Array(this.#clusterSize);
    const address = addressOf(this.#zeroBytes);
    for (let done = 0; done < length; done += this.#zeroes.bytes) {
      this.#zeroes.clear();
      this.#zeroes.add(address, Math.min(this.#clusterSize, length - done));
      const errno = this.#write(offset + done, this.#zeroes);
      if (errno !== 0) return errno;
    }
    return 0;
  }

  #clear(offset: number, length: number, zero: boolean = this.#backing !== undefined): number {
    this.#compressed.forget();
    return this.#map.clear(offset, Math.ceil(length / this.#clusterSize), zero);
  }
}
