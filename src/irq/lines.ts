/**
 * Interrupt lines to KVM's interrupt controllers.
 *
 * @module
 */

import { libc } from "../../ffi/libc.ts";
import { array, struct, u32 } from "../../ffi/layout.ts";
import { kvm_irq_level } from "../../ffi/uapi/kvm.ts";
import { VM_IOCTL } from "../../ffi/uapi/kvm_ioctls.ts";
import type { IrqPin } from "../bus/device.ts";
import type { Lock } from "../state/lock.ts";

/** Pins of the board's IOAPIC. */
const LINES = 24;

/** For each line, one bit for each source that holds it high. Saved with the machine. */
export const IrqLinesState = struct("irq_lines", { sources: array(u32, LINES) });

/** Sets a line's level in the interrupt controllers. */
export interface IrqController {
  setLine(gsi: number, level: 0 | 1): void;
}

/** KVM's in-kernel controllers, by KVM_IRQ_LINE. */
export class KvmIrqController implements IrqController {
  readonly #libc = libc();
  readonly #level = kvm_irq_level.create();
  readonly #bytes = this.#level.$bytes;

  /** @param vmFd of the VM, owned by somebody else */
  constructor(private readonly vmFd: number) {}

  setLine(gsi: number, level: 0 | 1): void {
    this.#level.irq = gsi;
    this.#level.level = level;
    this.#libc.ioctl_buffer(this.vmFd, VM_IOCTL.KVM_IRQ_LINE, this.#bytes);
  }
}

/**
 * One source's end of a line. A line is high while any of its sources holds it.
 *
 * The controller is told under the line's lock, and only of changes: two workers that told it without one could
 * overtake each other and leave the line stuck at the older level.
 */
export class LinePin implements IrqPin {
  readonly #bit: number;

  /** @param source number of this source among those of the line, 0 to 31 */
  constructor(
    private readonly sources: Uint32Array,
    private readonly gsi: number,
    source: number,
    private readonly lock: Lock,
    private readonly controller: IrqController,
  ) {
    this.#bit = 1 << source;
  }

  set(high: boolean): void {
    // Only this source changes its bit, and it does so under its device's lock: an unchanged bit needs no line lock.
    if (((Atomics.load(this.sources, this.gsi) & this.#bit) !== 0) === high) return;
    this.lock.acquire();
    try {
      const before = this.sources[this.gsi]!;
      const after = high ? before | this.#bit : before & ~this.#bit;
      this.sources[this.gsi] = after;
      if ((before === 0) !== (after === 0)) this.controller.setLine(this.gsi, high ? 1 : 0);
    } finally {
      this.lock.release();
    }
  }
}
