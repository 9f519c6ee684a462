/**
 * Interrupts of a virtio device over PCI: by MSI-X, or by the pin with the ISR register (virtio 1.3, 4.1.5).
 *
 * @module
 */

import type { PciFunction } from "../pci/function.ts";
import type { VirtioInterrupt } from "./model.ts";
import { atomicWord, type VirtioStateView } from "./state.ts";

/**
 * Callable from any worker: it takes the function's interrupt lock, then the line's, and never the bus's or the
 * device's, which a vCPU may hold while it waits for the worker that calls this.
 */
export class PciInterrupt implements VirtioInterrupt {
  readonly #isr: Uint32Array;
  readonly #pending = () => Atomics.load(this.#isr, 0) !== 0;

  constructor(private readonly pciFunction: PciFunction, state: VirtioStateView) {
    this.#isr = atomicWord(state, "interrupt_status");
  }

  /** The ISR register has its bit already. */
  signal(vector: number): void {
    if (this.pciFunction.msix?.raise(vector) !== true) this.update();
  }

  /** Sets the pin to what the ISR register says: after every change of it. */
  update(): void {
    this.pciFunction.followIntx(this.#pending);
  }

  /** The device was reset: what waited for a mask to go is of the past. */
  reset(): void {
    this.pciFunction.msix?.clearPending();
    this.update();
  }
}
