/**
 * Writes to clusters that have no place which may be written: allocation, and copy on write.
 *
 * @module
 */

import { addressOf, IoVector } from "../../../ffi/iovec.ts";
import type { HostFile } from "../host_file.ts";
import { type ClusterMap, KIND } from "./cluster_map.ts";
import type { Refcounts } from "./refcounts.ts";

/** What the writer works on. */
export interface NewClustersParts {
  readonly file: HostFile;
  readonly map: ClusterMap;
  readonly refcounts: Refcounts;
  /** Bytes. */
  readonly clusterSize: number;
  /** Unallocated clusters are not just zeroes. */
  readonly backed: boolean;
  /** Reads what the guest sees now, past the disk's end too. An errno. */
  readOld(offset: number, into: IoVector): number;
}

/** Pieces of a request that the table has room for at first. */
const PIECES = 1024;

/** Takes clusters, fills them whole, and only then maps them. Keeps room for two clusters, made at its first use. */
export class NewClusters {
  readonly #parts: NewClustersParts;
  readonly #whole = new IoVector(PIECES);
  readonly #edge = new IoVector(1);
  /** Old contents before and behind the guest's bytes: SAFETY: its address is used only while it is kept here. */
  #edges: Uint8Array<ArrayBuffer> | undefined;
  #edgesAddress = 0;
  /** How many bytes the last {@link write} was for. */
  written = 0;

  constructor(parts: NewClustersParts) {
    this.#parts = parts;
  }

  /**
   * Writes `from`, from its byte `done` on, to what the map just found at `offset`: up to `map.length` bytes, fewer if
   * the free clusters are not in a row. An errno.
   */
  write(offset: number, from: IoVector, done: number): number {
    const { map, refcounts, clusterSize } = this.#parts;
    const { kind } = map;
    const within = offset % clusterSize;
    let length = map.length, host = map.host - within;
    let count = Math.ceil((within + length) / clusterSize);
    const reserved = kind === KIND.ZERO_OWNED; // it has places already
    if (!reserved) {
      const wanted = count;
      count = refcounts.allocate(wanted);
      if (count === 0) return refcounts.errno;
      host = refcounts.first * clusterSize;
      if (count < wanted) length = count * clusterSize - within;
    }
    const zeroes = kind === KIND.ZERO || reserved || (kind === KIND.UNALLOCATED && !this.#parts.backed);
    const errno = this.#fill(offset, from, done, length, host, zeroes) || map.point(offset, count, host);
    if (errno !== 0 && !reserved) refcounts.undo(host / clusterSize, count);
    this.written = length;
    return errno;
  }

  /** Writes the clusters at `host` whole, in one call: the guest's bytes and the old ones around them. */
  #fill(offset: number, from: IoVector, done: number, length: number, host: number, zeroes: boolean): number {
    const { file, clusterSize } = this.#parts;
    const head = offset % clusterSize, tail = (clusterSize - (offset + length) % clusterSize) % clusterSize;
    const whole = this.#whole;
    whole.clear();
    // Past the file's end there are zeroes already.
    if ((head === 0 && tail === 0) || (zeroes && host >= file.size && !file.blockDevice)) {
      whole.append(from, done, length);
      return file.write(host + head, whole);
    }
    if (this.#edges === undefined) {
      this.#edges = new Uint8Array(2 * clusterSize);
      this.#edgesAddress = addressOf(this.#edges);
    }
    const address = this.#edgesAddress;
    if (zeroes) {
      this.#edges.fill(0, 0, head);
      this.#edges.fill(0, clusterSize, clusterSize + tail);
    } else {
      const errno = this.#readEdge(offset - head, address, head) ||
        this.#readEdge(offset + length, address + clusterSize, tail);
      if (errno !== 0) return errno;
    }
    whole.add(address, head);
    whole.append(from, done, length);
    this.#edge.clear();
    this.#edge.add(address + clusterSize, tail);
    whole.append(this.#edge, 0, tail);
    return file.write(host, whole);
  }

  #readEdge(offset: number, address: number, length: number): number {
    if (length === 0) return 0;
    this.#edge.clear();
    this.#edge.add(address, length);
    return this.#parts.readOld(offset, this.#edge);
  }
}
