/**
 * Tables of memory pieces for scattered input and output, straight between a file and guest memory.
 *
 * @module
 */

import { fileIo } from "./file_io.ts";
import { iovec } from "./uapi/file.ts";

const WORDS = iovec.size / 4;
const BASE = iovec.offset("iov_base") / 4;
const LENGTH = iovec.offset("iov_len") / 4;
const HIGH = 2 ** 32;
/** Address and length bits that count for O_DIRECT: no device asks for more than a page. */
const ALIGNMENT_BITS = 4095;

/**
 * A preallocated table of `struct iovec` over host addresses, which are JavaScript numbers below 2^47. In steady state
 * it allocates nothing: only {@link slice} and {@link append} enlarge the table of their target, once.
 *
 * SAFETY: whoever adds a piece guarantees that the memory is there, and stays until the table is cleared or dropped.
 */
export class IoVector {
  #words: Uint32Array<ArrayBuffer>;
  #pointer: Deno.PointerObject;
  #capacity: number;
  #count = 0;
  #bytes = 0;
  #bits = 0;

  /** @param capacity pieces that {@link add} takes */
  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#words = new Uint32Array(capacity * WORDS);
    this.#pointer = Deno.UnsafePointer.of(this.#words)!; // SAFETY: lives as long as #words; buffers do not move
  }

  /** Pieces in it. */
  get count(): number {
    return this.#count;
  }

  /** Bytes of all pieces. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The low 12 bits of every address and length, ORed: 0 where all lie on pages. */
  get alignment(): number {
    return this.#bits;
  }

  /** The table for a system call. It is another one after the table has grown. */
  get pointer(): Deno.PointerObject {
    return this.#pointer;
  }

  /** Forgets all pieces. */
  clear(): void {
    this.#count = this.#bytes = this.#bits = 0;
  }

  /** Adds a piece at a host address; false if the table is full. An empty piece is none. */
  add(address: number, length: number): boolean {
    if (length === 0) return true;
    if (this.#count === this.#capacity) return false;
    const at = this.#count++ * WORDS;
    const words = this.#words;
    words[at + BASE] = address;
    words[at + BASE + 1] = address / HIGH;
    words[at + LENGTH] = length;
    words[at + LENGTH + 1] = length / HIGH;
    this.#bytes += length;
    this.#bits |= (address | length) & ALIGNMENT_BITS;
    return true;
  }

  /** Makes `into` the `length` bytes from byte `from` on. Throws RangeError past the end. */
  slice(from: number, length: number, into: IoVector): void {
    into.clear();
    into.append(this, from, length);
  }

  /** Adds `length` bytes of `source` from byte `from` on. Throws RangeError past its end. */
  append(source: IoVector, from: number, length: number): void {
    if (from < 0 || from + length > source.#bytes) throw new RangeError("bytes past the table's");
    for (let i = 0; length > 0; i++) {
      const size = source.#length(i);
      if (from < size) {
        const part = Math.min(size - from, length);
        if (this.#count === this.#capacity) this.#grow();
        this.add(source.#address(i) + from, part);
        length -= part;
        from = size;
      }
      from -= size;
    }
  }

  /** Copies the bytes from `from` on into JavaScript's memory, which they must fill. */
  copyTo(from: number, into: Uint8Array<ArrayBuffer>): void {
    const c = fileIo();
    let done = 0;
    this.#each(from, into.length, (address, length) => {
      c.memcpy_from(into.subarray(done), BigInt(address), BigInt(length));
      done += length;
    });
  }

  /** Copies JavaScript's bytes to those from `from` on. */
  copyFrom(from: number, bytes: Uint8Array<ArrayBuffer>): void {
    const c = fileIo();
    let done = 0;
    this.#each(from, bytes.length, (address, length) => {
      c.memcpy_to(BigInt(address), bytes.subarray(done), BigInt(length));
      done += length;
    });
  }

  /** Zeroes `length` bytes from `from` on. */
  zero(from: number, length: number): void {
    const c = fileIo();
    this.#each(from, length, (address, size) => c.memset(BigInt(address), 0, BigInt(size)));
  }

  #each(from: number, length: number, visit: (address: number, length: number) => void): void {
    if (from < 0 || from + length > this.#bytes) throw new RangeError("bytes past the table's");
    for (let i = 0; length > 0; i++) {
      const size = this.#length(i);
      if (from < size) {
        const part = Math.min(size - from, length);
        visit(this.#address(i) + from, part);
        length -= part;
        from = size;
      }
      from -= size;
    }
  }

  #address(index: number): number {
    const at = index * WORDS + BASE;
    return this.#words[at]! + this.#words[at + 1]! * HIGH;
  }

  #length(index: number): number {
    const at = index * WORDS + LENGTH;
    return this.#words[at]! + this.#words[at + 1]! * HIGH;
  }

  #grow(): void {
    this.#capacity = this.#capacity * 2 + 2;
    const words = new Uint32Array(this.#capacity * WORDS);
    words.set(this.#words);
    this.#words = words;
    this.#pointer = Deno.UnsafePointer.of(words)!; // SAFETY: as in the constructor
  }
}

/**
 * The host address of JavaScript's own memory, for {@link IoVector.add}.
 *
 * SAFETY: it is good while `bytes` is reachable and its buffer neither detached nor resized.
 */
export function addressOf(bytes: Uint8Array<ArrayBuffer>): number {
  return Number(Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytes)));
}
