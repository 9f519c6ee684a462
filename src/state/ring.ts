/**
 * A byte queue in shared memory between one producer and one consumer, without a lock.
 *
 * @module
 */

/** Indices of the two Int32 counters, a cache line apart so that producer and consumer do not contend for one. */
const HEAD = 0;
const TAIL = 16;
/** Bytes before the data: both counters, each alone in a 64-byte line. */
const HEADER_BYTES = 128;
/** Counters wrap at 2^32 and are compared by signed difference, which must stay exact. */
const MAX_CAPACITY = 2 ** 30;

/**
 * A byte queue over memory that several workers map: one of them (at a time) pushes, one (at a time) takes.
 * All-zero memory is an empty queue; constructing another object over the same bytes changes nothing.
 *
 * Both counters are stored with `Atomics.store`, a full fence: a producer that pushes and then sees
 * `length === 1` is sure that a consumer which went to sleep on an empty queue has not seen that byte, and a consumer
 * that took the last byte and then reads `length === 0` will be told of the next one. So a wake-up is needed only
 * at `length === 1`, and none is lost.
 *
 * ```ts
 * import { ByteRing } from "./ring.ts";
 *
 * const ring = new ByteRing(new SharedArrayBuffer(ByteRing.bytes(4096)), 0, 4096);
 * ring.push(0x41);
 * console.assert(ring.length === 1 && ring.shift() === 0x41 && ring.shift() === -1);
 * ```
 */
export class ByteRing {
  /** Bytes that fit. */
  readonly capacity: number;
  readonly #counters: Int32Array;
  readonly #data: Uint8Array;
  readonly #mask: number;

  /** Storage that a ring of `capacity` bytes needs. @throws {RangeError} if it is no power of two up to 2^30. */
  static bytes(capacity: number): number {
    const integer = Number.isInteger(capacity) && capacity >= 1 && capacity <= MAX_CAPACITY;
    if (!integer || (capacity & (capacity - 1)) !== 0) {
      throw new RangeError(`ring capacity ${capacity} is no power of two from 1 to 2^30`);
    }
    return HEADER_BYTES + capacity;
  }

  /**
   * @param byteOffset a multiple of 4; of 64 for speed
   * @param capacity in bytes, a power of two
   * @throws {RangeError} if the ring does not fit, is misaligned, or has an impossible capacity
   */
  constructor(buffer: ArrayBufferLike, byteOffset: number, capacity: number) {
    ByteRing.bytes(capacity);
    this.capacity = capacity;
    this.#counters = new Int32Array(buffer, byteOffset, HEADER_BYTES / 4);
    this.#data = new Uint8Array(buffer, byteOffset + HEADER_BYTES, capacity);
    this.#mask = capacity - 1;
  }

  /** Bytes waiting. A lower bound for the consumer, an upper bound for the producer. */
  get length(): number {
    return (Atomics.load(this.#counters, TAIL) - Atomics.load(this.#counters, HEAD)) | 0;
  }

  /** Bytes that fit now. A lower bound for the producer. */
  get space(): number {
    return this.capacity - this.length;
  }

  /** Producer: appends a byte. False, and nothing done, when full. */
  push(byte: number): boolean {
    // A side's own counter needs no atomic load (5 ns): nobody else writes it.
    const tail = this.#counters[TAIL]!;
    if (((tail - Atomics.load(this.#counters, HEAD)) | 0) >= this.capacity) return false;
    this.#data[tail & this.#mask] = byte;
    Atomics.store(this.#counters, TAIL, (tail + 1) | 0);
    return true;
  }

  /** Consumer: takes the oldest byte; −1 when empty. */
  shift(): number {
    const head = this.#counters[HEAD]!;
    if (Atomics.load(this.#counters, TAIL) === head) return -1;
    const byte = this.#data[head & this.#mask]!;
    Atomics.store(this.#counters, HEAD, (head + 1) | 0);
    return byte;
  }

  /** Producer: appends as many of `bytes` as fit, and says how many. */
  write(bytes: Uint8Array): number {
    const tail = this.#counters[TAIL]!;
    const count = Math.min(bytes.length, this.space);
    const start = tail & this.#mask;
    const first = Math.min(count, this.capacity - start);
    this.#data.set(bytes.subarray(0, first), start);
    this.#data.set(bytes.subarray(first, count), 0);
    Atomics.store(this.#counters, TAIL, (tail + count) | 0);
    return count;
  }

  /** Consumer: takes up to `into.length` bytes, and says how many. */
  read(into: Uint8Array): number {
    const head = this.#counters[HEAD]!;
    const count = Math.min(into.length, this.length);
    const start = head & this.#mask;
    const first = Math.min(count, this.capacity - start);
    into.set(this.#data.subarray(start, start + first), 0);
    into.set(this.#data.subarray(0, count - first), first);
    Atomics.store(this.#counters, HEAD, (head + count) | 0);
    return count;
  }
}
