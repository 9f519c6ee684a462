/**
 * Guest RAM as queues use it: any address to the bytes behind it, without an allocation.
 *
 * @module
 */

import type { BackedRegion } from "../../memory/guest_memory.ts";
import { QueueError } from "./errors.ts";

/** One region, with the views that hot paths index. */
interface Window {
  readonly first: number;
  readonly end: number;
  readonly data: DataView;
  readonly bytes: Uint8Array;
  /** Where the region's first byte is in this process, for system calls; 0 where nobody knows. */
  readonly host: number;
}

/** All of a guest's RAM. Every method throws {@linkcode QueueError} for a range that is not wholly in one region. */
export class RamAccess {
  readonly #windows: readonly Window[];

  /** @param hostAddress of the buffer that the regions lie in, below 2^53; 0 for memory that no system call will see */
  constructor(regions: readonly BackedRegion[], hostAddress = 0) {
    this.#windows = regions.map(({ gpa, size, buffer, bufferOffset }) => ({
      first: gpa,
      end: gpa + size,
      data: new DataView(buffer, bufferOffset, size),
      bytes: new Uint8Array(buffer, bufferOffset, size),
      host: hostAddress === 0 ? 0 : hostAddress + bufferOffset,
    }));
  }

  /** Checks a range. */
  check(gpa: number, length: number): void {
    this.#find(gpa, length);
  }

  /** Its address in this process. */
  host(gpa: number, length: number): number {
    const window = this.#find(gpa, length);
    return window.host + (gpa - window.first);
  }

  /** The view of the region that has the range; the range begins at {@linkcode offset} of it. */
  view(gpa: number, length: number): DataView {
    return this.#find(gpa, length).data;
  }

  /** Offset of an address in its region's view. */
  offset(gpa: number): number {
    return gpa - this.#find(gpa, 1).first;
  }

  /** 16-bit words at `gpa`, for ring indices: made once for a queue. */
  halfwords(gpa: number, count: number): Uint16Array {
    const { bytes, first } = this.#aligned(gpa, 2 * count, 2);
    return new Uint16Array(bytes.buffer, bytes.byteOffset + (gpa - first), count);
  }

  /** 32-bit words at `gpa`. */
  words(gpa: number, count: number): Uint32Array {
    const { bytes, first } = this.#aligned(gpa, 4 * count, 4);
    return new Uint32Array(bytes.buffer, bytes.byteOffset + (gpa - first), count);
  }

  /** Copies guest memory into `into`, from its index `at` on. */
  read(gpa: number, into: Uint8Array, at: number, length: number): void {
    const { bytes, first } = this.#find(gpa, length);
    const from = gpa - first;
    if (length <= FEW) { for (let i = 0; i < length; i++) into[at + i] = bytes[from + i]!; }
    else into.set(bytes.subarray(from, from + length), at);
  }

  /** Copies `length` bytes of `from`, from its index `at` on, into guest memory. */
  write(gpa: number, from: Uint8Array, at: number, length: number): void {
    const { bytes, first } = this.#find(gpa, length);
    const to = gpa - first;
    if (length <= FEW) { for (let i = 0; i < length; i++) bytes[to + i] = from[at + i]!; }
    else bytes.set(from.subarray(at, at + length), to);
  }

  #aligned(gpa: number, length: number, alignment: number): Window {
    if (gpa % alignment !== 0) {
      throw new QueueError(`a ring at ${hex(gpa)} is not aligned to ${alignment} bytes`);
    }
    return this.#find(gpa, length);
  }

  #find(gpa: number, length: number): Window {
    for (const window of this.#windows) {
      if (gpa >= window.first && length >= 0 && gpa + length <= window.end) return window;
    }
    throw new QueueError(`${hex(gpa)} + ${length} is not RAM`);
  }
}

/** Up to here a loop is quicker than the two objects that `set` and `subarray` cost. */
const FEW = 64;

function hex(gpa: number): string {
  return `0x${gpa.toString(16)}`;
}
