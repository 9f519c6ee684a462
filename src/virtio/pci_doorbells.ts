/**
 * The doorbells of a virtio device over PCI as the kernel hears them: they follow the BAR.
 *
 * @module
 */

import { DOORBELL_STEP, VIRTIO_BAR } from "./pci_layout.ts";

/** Has the kernel signal an eventfd for each write at an address, of any width, instead of an exit. */
export interface DoorbellSwitch {
  /** Where the kernel refuses, writes go on to exit, and the trap does the same. */
  connect(fd: number, address: number): void;
  /** Undoes it; does nothing where it was not done. */
  disconnect(fd: number, address: number): void;
}

/** Words of shared memory that a device takes. */
export const DOORBELL_WORDS = 1;

/** BARs lie at multiples of this, so that their addresses fit a word. */
const UNIT = 4096;

/** The doorbells of one device, in every isolate over the same word: any vCPU may move the BAR. */
export class PciDoorbells {
  /**
   * @param place where the BAR is that the kernel listens at, in units; 0 is nowhere. Under the bus's lock.
   * @param fds an eventfd for each queue
   */
  constructor(
    private readonly place: Int32Array<SharedArrayBuffer>,
    private readonly fds: readonly number[],
    private readonly kernel: DoorbellSwitch,
  ) {}

  /** The BAR is at an address now, or nowhere. Under the bus's lock. */
  moveTo(address = 0): void {
    const before = this.place[0]! * UNIT;
    if (before === address) return;
    this.fds.forEach((fd, queue) => {
      const at = VIRTIO_BAR.NOTIFY + DOORBELL_STEP * queue;
      if (before !== 0) this.kernel.disconnect(fd, before + at);
      if (address !== 0) this.kernel.connect(fd, address + at);
    });
    this.place[0] = address / UNIT;
  }
}
