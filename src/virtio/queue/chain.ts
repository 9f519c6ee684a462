/**
 * A descriptor chain: the buffers of one request.
 *
 * @module
 */

import { QueueError } from "./errors.ts";
import type { RamAccess } from "./ram_access.ts";

/** Takes ranges of this process's memory, for preadv(2) and its kind. */
export interface HostRanges {
  add(address: number, length: number): void;
}

/**
 * The buffers of one request, copied from the rings and checked: what the device reads first, then what it writes
 * (virtio 1.3, 2.7.4.2). Made once for a queue and filled anew for each request.
 */
export class DescriptorChain {
  /** What the ring knows it by. */
  id = 0;
  /** Ring slots that it takes (packed rings). */
  slots = 0;
  /** Buffers. */
  count = 0;
  /** Of them, those that the device reads: the first ones. */
  readable = 0;
  /** Bytes that the device may read. */
  readableBytes = 0;
  /** Bytes that the device may write. */
  writableBytes = 0;
  readonly #gpa: Float64Array;
  readonly #length: Float64Array;

  /** @param capacity buffers in a chain, at most: the queue's size (virtio 1.3, 2.7.5.3.1) */
  constructor(private readonly ram: RamAccess, private readonly capacity: number) {
    this.#gpa = new Float64Array(capacity);
    this.#length = new Float64Array(capacity);
  }

  /** Forgets all buffers. */
  clear(): void {
    this.id =
      this.slots =
      this.count =
      this.readable =
      this.readableBytes =
      this.writableBytes =
        0;
  }

  /** Adds a buffer. Throws QueueError for one that no driver may give. */
  add(gpa: number, length: number, writable: boolean): void {
    if (this.count === this.capacity) throw new QueueError(`a chain of more than ${this.capacity} buffers`);
    this.ram.check(gpa, length);
    if (writable) this.writableBytes += length;
    else {
      if (this.readable < this.count) throw new QueueError("a buffer to read after one to write");
      this.readable++;
      this.readableBytes += length;
    }
    this.#gpa[this.count] = gpa;
    this.#length[this.count++] = length;
  }

  /** Copies bytes that the driver wrote, from `offset` of them on. Throws RangeError past their end. */
  read(offset: number, into: Uint8Array, at = 0, length = into.length - at): void {
    if (offset + length > this.readableBytes) {
      throw new RangeError(`${offset} + ${length} is past the end of a request`);
    }
    let skip = offset;
    for (let i = 0, done = 0; done < length; i++) {
      const size = this.#length[i]!;
      const count = Math.min(size - skip, length - done);
      if (count > 0) {
        this.ram.read(this.#gpa[i]! + skip, into, at + done, count);
        done += count;
      }
      skip = Math.max(0, skip - size);
    }
  }

  /** Copies bytes to where the driver reads, from `offset` of that on. Throws RangeError past its end. */
  write(offset: number, from: Uint8Array, at = 0, length = from.length - at): void {
    if (offset + length > this.writableBytes) {
      throw new RangeError(`${offset} + ${length} is past the end of a request`);
    }
    let skip = offset;
    for (let i = this.readable, done = 0; done < length; i++) {
      const size = this.#length[i]!;
      const count = Math.min(size - skip, length - done);
      if (count > 0) {
        this.ram.write(this.#gpa[i]! + skip, from, at + done, count);
        done += count;
      }
      skip = Math.max(0, skip - size);
    }
  }

  /** Adds `length` bytes from `offset` on, of those to read or to write, to `ranges`. Throws RangeError past the end. */
  hostRanges(writable: boolean, offset: number, length: number, ranges: HostRanges): void {
    const total = writable ? this.writableBytes : this.readableBytes;
    if (offset + length > total) throw new RangeError(`${offset} + ${length} is past the end of a request`);
    let skip = offset;
    for (let i = writable ? this.readable : 0, left = length; left > 0; i++) {
      const size = this.#length[i]!;
      const count = Math.min(size - skip, left);
      if (count > 0) {
        ranges.add(this.ram.host(this.#gpa[i]! + skip, count), count);
        left -= count;
      }
      skip = Math.max(0, skip - size);
    }
  }
}
