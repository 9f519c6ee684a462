/**
 * Virtio over PCI, without the legacy interface (virtio 1.3, 4.1).
 *
 * @module
 */

import type { IoDevice } from "../bus/device.ts";
import type { PciFunction } from "../pci/function.ts";
import { ConfigAccess } from "./pci_access.ts";
import { CommonConfig } from "./pci_common.ts";
import type { PciInterrupt } from "./pci_interrupt.ts";
import {
  CAPABILITY_FIELD,
  CAPABILITY_INDEX,
  DOORBELL_STEP,
  VIRTIO_BAR as BAR,
  virtioVectors,
} from "./pci_layout.ts";
import type { VirtioRegisters } from "./registers.ts";

/** Which part of the BAR an offset is in. */
const PART = ~0xfff;

/** A virtio device behind its BAR, up to `VIRTIO_BAR.REGISTERS_END`; MSI-X is the function's own. */
export class VirtioPci implements IoDevice {
  readonly maxWidth = 4;
  readonly #common: CommonConfig;

  constructor(readonly registers: VirtioRegisters, private readonly interrupt: PciInterrupt) {
    this.#common = new CommonConfig(registers, virtioVectors(registers.model), () => interrupt.reset());
  }

  read(offset: number, width: number): number {
    switch (offset & PART) {
      case BAR.COMMON:
        return this.#common.read(offset - BAR.COMMON, width);
      case BAR.ISR:
        return offset === BAR.ISR ? this.#takeInterrupts() : 0;
      case BAR.DEVICE:
        return this.registers.readConfig(offset - BAR.DEVICE, width);
      default:
        return 0;
    }
  }

  write(offset: number, width: number, value: number): void {
    switch (offset & PART) {
      case BAR.COMMON:
        return this.#common.write(offset - BAR.COMMON, width, value);
      case BAR.DEVICE:
        return this.registers.writeConfig(offset - BAR.DEVICE, width, value);
      case BAR.NOTIFY: {
        // As the ioeventfd that is usually there: the address says which queue, whatever is written.
        const doorbell = offset - BAR.NOTIFY;
        if (doorbell % DOORBELL_STEP === 0) this.registers.notify(doorbell / DOORBELL_STEP);
        return;
      }
    }
  }

  /** Resets the device, as its driver would: its function is gone. */
  reset(): void {
    this.registers.reset();
    this.interrupt.reset();
  }

  /** Reading the ISR register clears it and lowers the pin (4.1.4.5). */
  #takeInterrupts(): number {
    const bits = this.registers.takeInterrupts();
    this.interrupt.update();
    return bits;
  }
}

/**
 * Puts a device behind its function's BAR.
 *
 * @param device the {@linkcode VirtioPci}, behind its lock
 */
export function serveVirtio(pciFunction: PciFunction, device: IoDevice): void {
  pciFunction.serve(BAR.INDEX, BAR.COMMON, BAR.REGISTERS_END, device);
  const access = pciFunction.capabilities[CAPABILITY_INDEX.PCI]!;
  pciFunction.serveConfig(access + CAPABILITY_FIELD.EXTRA, 4, new ConfigAccess(pciFunction, access));
}
