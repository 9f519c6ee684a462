/**
 * A base address register, read where the guest wrote it.
 *
 * @module
 */

import { BAR_FLAG, CONFIG } from "./registers.ts";
import type { BarSpec } from "./spec.ts";

/** The bits of the low word that are no address: type and prefetchability (PCI 3.0 §6.2.5.1). */
const FLAGS = 0xf;

/** One memory range of a function. */
export class Bar {
  readonly index: number;
  /** Bytes. */
  readonly size: number;
  readonly wide: boolean;
  readonly #words: DataView;
  readonly #at: number;

  /** @param words the function's configuration space */
  constructor(spec: BarSpec, words: DataView) {
    this.index = spec.index;
    this.size = spec.size;
    this.wide = spec.wide ?? false;
    this.#words = words;
    this.#at = CONFIG.BAR0 + 4 * spec.index;
  }

  /**
   * What the register says. While a driver sizes the range, or has written one half of a wide one, that is no place;
   * and above 2^53 it is not exact, far beyond any window.
   */
  get address(): number {
    const low = (this.#words.getUint32(this.#at, true) & ~FLAGS) >>> 0;
    return this.wide ? low + this.#words.getUint32(this.#at + 4, true) * 2 ** 32 : low;
  }

  /** Puts the range at an address, as firmware does. */
  place(address: number): void {
    const flags = this.#words.getUint32(this.#at, true) & (BAR_FLAG.TYPE_64 | BAR_FLAG.PREFETCHABLE);
    this.#words.setUint32(this.#at, (address | flags) >>> 0, true);
    if (this.wide) this.#words.setUint32(this.#at + 4, Math.floor(address / 2 ** 32), true);
  }
}
