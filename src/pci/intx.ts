/**
 * A function's interrupt pin.
 *
 * @module
 */

import type { IrqPin } from "../bus/device.ts";
import { COMMAND, CONFIG, STATUS } from "./registers.ts";

/**
 * INTA#: level-triggered (PCI 3.0 §2.2.6). What the device wants is the status register's interrupt bit; the wire
 * follows it while the command register and MSI-X let it.
 *
 * All calls under the function's interrupt lock.
 */
export class Intx {
  constructor(private readonly config: DataView, private readonly wire: IrqPin) {}

  /** The device wants the pin raised, or no longer. */
  want(high: boolean): void {
    const status = this.config.getUint16(CONFIG.STATUS, true);
    const bit = high ? STATUS.INTERRUPT : 0;
    this.config.setUint16(CONFIG.STATUS, (status & ~STATUS.INTERRUPT) | bit, true);
  }

  /** Sets the wire to what the registers make of it. */
  update(msixEnabled: boolean): void {
    const wanted = (this.config.getUint16(CONFIG.STATUS, true) & STATUS.INTERRUPT) !== 0;
    const disabled = (this.config.getUint16(CONFIG.COMMAND, true) & COMMAND.INTX_DISABLE) !== 0;
    this.wire.set(wanted && !disabled && !msixEnabled);
  }
}
