/**
 * Memory-mapped devices.
 *
 * @module
 */

import type { Attachment } from "./attachment.ts";

/** A device's range of guest-physical addresses. */
export interface MmioRange {
  readonly base: number;
  readonly length: number;
  readonly attachment: Attachment;
}

/** Routes accesses to guest-physical addresses that are no RAM. */
export class MmioBus {
  /** Ascending, without overlaps. */
  #ranges: readonly MmioRange[] = [];
  /** The range of the last access: a driver stays with its device for a while. */
  #last: MmioRange | undefined;

  /** Gives `base` … `base + length − 1` to a device. Throws RangeError on an overlap. */
  attach(base: number, length: number, attachment: Attachment): void {
    const clash = this.#ranges.find((r) => base < r.base + r.length && r.base < base + length);
    if (clash !== undefined) {
      throw new RangeError(`${attachment.name}: 0x${base.toString(16)} overlaps ${clash.attachment.name}`);
    }
    this.#ranges = [...this.#ranges, { base, length, attachment }].sort((a, b) => a.base - b.base);
  }

  /**
   * Does one access of `length` (1 to 8) bytes: reads fill `data`, writes take from it (little-endian, from offset
   * `at`). What nobody claims reads as all ones. Accesses wider than the device takes become consecutive ones.
   */
  access(gpa: number, data: DataView, at: number, length: number, write: boolean): void {
    let done = 0;
    while (done < length) {
      const address = gpa + done;
      const range = this.#find(address);
      const room = range === undefined ? 1 : range.base + range.length - address;
      const limit = Math.min(length - done, room, range === undefined ? 1 : range.attachment.device.maxWidth);
      const width = limit >= 4 ? 4 : limit >= 2 ? 2 : 1;
      if (write) {
        range?.attachment.write(address - range.base, width, load(data, at + done, width));
      } else {
        store(data, at + done, width, range?.attachment.read(address - range.base, width) ?? 0xff);
      }
      done += width;
    }
  }

  #find(address: number): MmioRange | undefined {
    const last = this.#last;
    if (last !== undefined && address >= last.base && address < last.base + last.length) return last;
    let low = 0, high = this.#ranges.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const range = this.#ranges[middle]!;
      if (address < range.base) high = middle - 1;
      else if (address >= range.base + range.length) low = middle + 1;
      else return this.#last = range;
    }
    return undefined;
  }
}

function load(data: DataView, at: number, width: 1 | 2 | 4): number {
  return width === 4 ? data.getUint32(at, true) : width === 2 ? data.getUint16(at, true) : data.getUint8(at);
}

function store(data: DataView, at: number, width: 1 | 2 | 4, value: number): void {
  if (width === 4) data.setUint32(at, value, true);
  else if (width === 2) data.setUint16(at, value, true);
  else data.setUint8(at, value);
}
