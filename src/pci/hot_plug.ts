/**
 * The registers of PCI hot-plug, behind which the DSDT's methods are the driver: which slots have news, and ejection.
 * Their meaning is that of PCI_UP, PCI_DOWN and B0EJ in QEMU's docs/specs/acpi_pci_hotplug.rst, except that news are
 * acknowledged by writing ones, as those of all ACPI event registers are.
 *
 * @module
 */

import type { IoDevice } from "../bus/device.ts";
import type { PciRootView } from "./state.ts";

/** Offsets of the registers, 32 bits each: bit n is slot n. */
export const HOT_PLUG_REG = { UP: 0, DOWN: 4, EJECT: 8 } as const;
/** Length of the block in ports. */
export const HOT_PLUG_SIZE = 12;

/** The register block. */
export class HotPlugPorts implements IoDevice {
  readonly maxWidth = 4;

  /** @param eject the guest lets go of the slots whose bits are set */
  constructor(private readonly state: PciRootView, private readonly eject: (slots: number) => void) {}

  read(offset: number, width: number): number {
    let value = 0;
    for (let i = 0; i < width; i++) value |= this.#readByte(offset + i) << (8 * i);
    return value >>> 0;
  }

  write(offset: number, width: number, value: number): void {
    for (let i = 0; i < width; i++) this.#writeByte(offset + i, (value >>> (8 * i)) & 0xff);
  }

  #readByte(at: number): number {
    const shift = 8 * (at & 3);
    switch (at & ~3) {
      case HOT_PLUG_REG.UP:
        return (this.state.up >>> shift) & 0xff;
      case HOT_PLUG_REG.DOWN:
        return (this.state.down >>> shift) & 0xff;
      default:
        return 0;
    }
  }

  #writeByte(at: number, byte: number): void {
    const bits = byte << (8 * (at & 3));
    switch (at & ~3) {
      case HOT_PLUG_REG.UP:
        this.state.up &= ~bits;
        return;
      case HOT_PLUG_REG.DOWN:
        this.state.down &= ~bits;
        return;
      case HOT_PLUG_REG.EJECT:
        if (bits !== 0) this.eject(bits);
    }
  }
}
