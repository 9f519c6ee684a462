/**
 * Machine state: one block of shared memory in which every worker finds the same structs at the same offsets.
 *
 * @module
 */

import type { Aggregate, View } from "../../ffi/layout.ts";
import { alignUp } from "../../ffi/layout.ts";

/** Where one struct lies in the arena. */
export interface Placement {
  /** Unique in the machine, for example `com1`. */
  readonly name: string;
  readonly layout: Aggregate;
  readonly offset: number;
}

/**
 * Hands out places in a shared block, in order.
 *
 * The machine is composed by the same code from the same plan in every worker, so that the n-th placement has the same
 * offset everywhere: no addresses are passed around.
 */
export class Arena {
  readonly #placements: Placement[] = [];
  #end = 0;

  constructor(readonly buffer: SharedArrayBuffer) {}

  /** What was placed, in order: the directory that a snapshot or an inspector needs. */
  get placements(): readonly Placement[] {
    return this.#placements;
  }

  /** A view of the next free place for `layout`. Throws RangeError when the block is full. */
  place<S extends Aggregate>(name: string, layout: S): View<S> {
    const offset = this.reserve(layout.size, Math.max(8, layout.align));
    this.#placements.push({ name, layout, offset });
    return layout.at(this.buffer, offset) as View<S>;
  }

  /** The offset of the next `size` free bytes. Throws RangeError when the block is full. */
  reserve(size: number, align = 8): number {
    const offset = alignUp(this.#end, align);
    if (offset + size > this.buffer.byteLength) {
      throw new RangeError(`machine state needs ${offset + size} bytes of ${this.buffer.byteLength}`);
    }
    this.#end = offset + size;
    return offset;
  }

  /** The next `count` words of 32 bits. */
  words(count: number): Int32Array<SharedArrayBuffer> {
    return new Int32Array(this.buffer, this.reserve(4 * count), count);
  }
}
