/**
 * PCI Express's memory-mapped configuration space: 4 KiB for each function (PCIe 4.0 §7.2.2).
 *
 * @module
 */

import type { IoDevice } from "../bus/device.ts";
import { ABSENT, type SlotSelector } from "./config_ports.ts";

/** Bits of an offset: register, function and device; what is above is the bus. */
const REGISTER = 0xfff;
const FUNCTION = 0x7000;
const SLOT_SHIFT = 15;
const SLOT_MASK = 31;
const BUS_SHIFT = 20;

/** The window: 1 MiB for bus 0, and nothing behind it. */
export class Ecam implements IoDevice {
  readonly maxWidth = 4;

  constructor(private readonly select: SlotSelector) {}

  read(offset: number, width: number): number {
    if ((offset & (width - 1)) !== 0) {
      const half = width >> 1; // a misaligned access, as the processor splits one that crosses a line
      return (this.read(offset, half) | (this.read(offset + half, half) << (8 * half))) >>> 0;
    }
    const selected = this.#selected(offset);
    return selected === undefined
      ? ABSENT[width as 1 | 2 | 4]
      : selected.readConfig(offset & REGISTER, width);
  }

  write(offset: number, width: number, value: number): void {
    if ((offset & (width - 1)) !== 0) {
      const half = width >> 1;
      this.write(offset, half, value & (half === 2 ? 0xffff : 0xff));
      this.write(offset + half, half, value >>> (8 * half));
    } else {
      this.#selected(offset)?.writeConfig(offset & REGISTER, width, value);
    }
  }

  #selected(offset: number) {
    if ((offset & FUNCTION) !== 0 || offset >>> BUS_SHIFT !== 0) return undefined;
    return this.select((offset >>> SLOT_SHIFT) & SLOT_MASK);
  }
}
