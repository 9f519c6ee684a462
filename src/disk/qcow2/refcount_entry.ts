/**
 * Entries of a refcount block, whose width is the image's choice: 1 to 64 bits.
 *
 * @module
 */

import { readWord, writeWord } from "./format.ts";

/** The refcount number `index` of entries of 2^order bits. Of those below a byte the first has the lowest bits. */
export function readRefcount(view: DataView, order: number, index: number): number {
  switch (order) {
    case 4:
      return view.getUint16(index * 2);
    case 3:
      return view.getUint8(index);
    case 5:
      return view.getUint32(index * 4);
    case 6:
      return readWord(view, index * 8);
    default: {
      const bits = 1 << order, bit = index * bits;
      return view.getUint8(bit >> 3) >> (bit & 7) & (1 << bits) - 1;
    }
  }
}

/** Stores one, which must fit. */
export function writeRefcount(view: DataView, order: number, index: number, count: number): void {
  switch (order) {
    case 4:
      return view.setUint16(index * 2, count);
    case 3:
      return view.setUint8(index, count);
    case 5:
      return view.setUint32(index * 4, count);
    case 6:
      return writeWord(view, index * 8, count);
    default: {
      const bits = 1 << order, bit = index * bits, mask = (1 << bits) - 1 << (bit & 7);
      view.setUint8(bit >> 3, view.getUint8(bit >> 3) & ~mask | count << (bit & 7));
    }
  }
}
