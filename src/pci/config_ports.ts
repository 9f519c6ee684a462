/**
 * Configuration mechanism #1: an address register and a window onto the register that it names (PCI 3.0 §3.2.2.3.2).
 *
 * @module
 */

import type { IoDevice } from "../bus/device.ts";
import type { PciFunction } from "./function.ts";
import type { PciRootView } from "./state.ts";

/** The function of a slot, if the guest can see one. */
export type SlotSelector = (slot: number) => PciFunction | undefined;

/** Bits of the address register; bits 24–30 and 0–1 are reserved and read as zero. */
const ADDRESS = {
  ENABLE: 0x8000_0000,
  BUS: 0xff_0000,
  FUNCTION: 0x700,
  REGISTER: 0xfc,
  WRITABLE: 0x80ff_fffc,
  SLOT_SHIFT: 11,
} as const;

/** Offsets of the two ports. */
const DATA = 4;

/** What an absent function reads as, for each width in bytes. */
export const ABSENT = [0, 0xff, 0xffff, 0, 0xffff_ffff] as const;

/** The two ports: 8 offsets. */
export class ConfigPorts implements IoDevice {
  readonly maxWidth = 4;

  constructor(private readonly state: PciRootView, private readonly select: SlotSelector) {}

  read(offset: number, width: number): number {
    const absent = ABSENT[width as 1 | 2 | 4];
    // Narrower accesses to the address register's ports are no configuration cycles: they pass through to the bus.
    if (offset < DATA) return offset === 0 && width === 4 ? this.state.address : absent;
    const register = this.#register(offset);
    const selected = this.#selected();
    if (selected === undefined || !aligned(offset, width)) return absent;
    return selected.readConfig(register, width);
  }

  write(offset: number, width: number, value: number): void {
    if (offset < DATA) {
      if (offset === 0 && width === 4) this.state.address = value & ADDRESS.WRITABLE;
    } else if (aligned(offset, width)) {
      this.#selected()?.writeConfig(this.#register(offset), width, value);
    }
  }

  #register(offset: number): number {
    return (this.state.address & ADDRESS.REGISTER) | (offset & 3);
  }

  /** Bus 0 and function 0 are all there is. */
  #selected(): PciFunction | undefined {
    const { address } = this.state;
    if ((address & ADDRESS.ENABLE) === 0 || (address & (ADDRESS.BUS | ADDRESS.FUNCTION)) !== 0) {
      return undefined;
    }
    return this.select((address >>> ADDRESS.SLOT_SHIFT) & 31);
  }
}

/** Configuration cycles are naturally aligned; the 2 bytes at the window's second port alone could be otherwise. */
function aligned(offset: number, width: number): boolean {
  return (offset & (width - 1)) === 0;
}
