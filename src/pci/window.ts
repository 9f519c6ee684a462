/**
 * A window of guest-physical addresses in which BARs lie.
 *
 * @module
 */

import type { IoDevice } from "../bus/device.ts";
import type { PciFunction } from "./function.ts";

/** A range of guest-physical addresses for BARs. */
export interface AddressWindow {
  readonly base: number;
  readonly length: number;
}

/** What the window needs of its bus. */
export interface WindowBus {
  /** Changes with what lies where; shared by all isolates. */
  readonly generation: number;
  /** The functions that this isolate has, present or not. */
  readonly functions: readonly (PciFunction | undefined)[];
}

/** A part of the window with its device, in offsets from the window's start, where they are small numbers. */
interface Mapped {
  readonly start: number;
  readonly end: number;
  readonly device: IoDevice;
}

/** A BAR without a device reads as zero. */
const NOTHING: IoDevice = { maxWidth: 4, read: () => 0, write() {} };

/**
 * Finds who answers at an address of the window.
 *
 * Each isolate keeps its own sorted list, made from the BARs in shared state, and makes it anew when the shared
 * generation is not that of the list. The generation changes, and accesses look at it, under the bus's lock, which an
 * access holds until it is done: when the write that moves a BAR ends, nobody uses the old place any more.
 */
export class PciWindow implements IoDevice {
  readonly maxWidth = 4;
  #list: readonly Mapped[] = [];
  #generation = -1;
  #last: Mapped | undefined;

  constructor(readonly base: number, readonly length: number, private readonly bus: WindowBus) {}

  read(offset: number, width: number): number {
    const found = this.#find(offset);
    if (found !== undefined && offset + width <= found.end && width <= found.device.maxWidth) {
      return found.device.read(offset - found.start, width);
    }
    if (width === 1) return 0xff;
    // As on the buses: what does not fit becomes two narrower accesses.
    const half = width >> 1;
    return (this.read(offset, half) | (this.read(offset + half, half) << (8 * half))) >>> 0;
  }

  write(offset: number, width: number, value: number): void {
    const found = this.#find(offset);
    if (found !== undefined && offset + width <= found.end && width <= found.device.maxWidth) {
      return found.device.write(offset - found.start, width, value);
    }
    if (width === 1) return;
    const half = width >> 1;
    this.write(offset, half, value & (half === 2 ? 0xffff : 0xff));
    this.write(offset + half, half, value >>> (8 * half));
  }

  /** This isolate has other devices now: the list is out of date, whatever the generation. */
  forget(): void {
    this.#generation = -1;
  }

  #find(offset: number): Mapped | undefined {
    if (this.#generation !== this.bus.generation) this.#refresh();
    const last = this.#last;
    if (last !== undefined && offset >= last.start && offset < last.end) return last;
    let low = 0, high = this.#list.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const entry = this.#list[middle]!;
      if (offset < entry.start) high = middle - 1;
      else if (offset >= entry.end) low = middle + 1;
      else return this.#last = entry;
    }
    return undefined;
  }

  #refresh(): void {
    const claimed: Mapped[] = [];
    for (const pciFunction of this.bus.functions) {
      if (pciFunction !== undefined) this.#collect(pciFunction, claimed);
    }
    this.#list = claimed.sort((a, b) => a.start - b.start);
    this.#last = undefined;
    this.#generation = this.bus.generation;
  }

  /** Adds a function's BARs. A BAR over another is the guest's mistake: the one that came first stays. */
  #collect(pciFunction: PciFunction, claimed: Mapped[]): void {
    for (const bar of pciFunction.bars) {
      const start = pciFunction.decoded(bar) - this.base, end = start + bar.size;
      if (start < 0 || end > this.length) continue;
      if (claimed.some((other) => start < other.end && other.start < end)) continue;
      let at = start;
      const regions = pciFunction.regions.filter((region) => region.bar === bar)
        .sort((a, b) => a.offset - b.offset);
      for (const { offset, length, device } of regions) {
        if (start + offset > at) claimed.push({ start: at, end: start + offset, device: NOTHING });
        at = start + offset + length;
        claimed.push({ start: start + offset, end: at, device });
      }
      if (at < end) claimed.push({ start: at, end, device: NOTHING });
    }
  }
}
