/**
 * MSI-X: interrupts as memory writes, each vector with its own message and mask (PCI 3.0 §6.8.2).
 *
 * @module
 */

import type { IoDevice, MsiSender } from "../bus/device.ts";
import type { Lock } from "../state/lock.ts";
import { pendingBytes } from "./config_image.ts";
import {
  COMMAND,
  CONFIG,
  MSIX_CAPABILITY,
  MSIX_CONTROL,
  MSIX_ENTRY,
  MSIX_VECTOR_MASKED,
} from "./registers.ts";
import type { PciSlotView } from "./state.ts";

/** Told that a vector's message, or whether it may be sent, may have changed. Under the bus's lock only. */
export type VectorListener = (vector: number) => void;

/** The message of a vector. */
export interface MsiMessage {
  readonly addressLow: number;
  readonly addressHigh: number;
  readonly data: number;
}

/**
 * The vectors of one function.
 *
 * Enable and mask bits, messages and pending bits change and are looked at under one lock, the function's interrupt
 * lock: so no interrupt is lost between a look at the mask and the note that one is pending, and none is sent after a
 * mask has been set. The order is bus → device → queue → this.
 */
export class Msix {
  /** The table, as the guest finds it in its BAR. */
  readonly table: IoDevice;
  /** The pending bits, as the guest finds them in its BAR. */
  readonly pendingBits: IoDevice;
  readonly #entries: DataView;
  readonly #pending: Uint32Array;
  readonly #config: DataView;
  readonly #control: number;

  /**
   * @param capability offset of the capability in configuration space
   * @param lock the function's interrupt lock
   */
  constructor(
    state: PciSlotView,
    config: DataView,
    capability: number,
    /** How many there are. */
    readonly vectors: number,
    private readonly lock: Lock,
    private readonly sender: MsiSender,
    private readonly onChanged: VectorListener,
  ) {
    const bytes = state.msixTable;
    this.#entries = new DataView(bytes.buffer, bytes.byteOffset, vectors * MSIX_ENTRY.SIZE);
    this.#pending = state.pending;
    this.#config = config;
    this.#control = capability + MSIX_CAPABILITY.CONTROL;
    this.table = {
      maxWidth: 4,
      read: (offset, width) => this.#readTable(offset, width),
      write: (offset, width, value) => this.#writeTable(offset, width, value),
    };
    this.pendingBits = { maxWidth: 4, read: (offset, width) => this.#readPending(offset, width), write() {} };
  }

  /** The guest uses MSI-X: the function must not use its pin then (§6.8.2.3). */
  get enabled(): boolean {
    return (this.#config.getUint16(this.#control, true) & MSIX_CONTROL.ENABLE) !== 0;
  }

  /**
   * An interrupt for a vector: sent, or noted as pending while it may not be. Callable from any worker, also under the
   * device's lock. A vector that the function does not have goes nowhere. Returns false, and does nothing, if the
   * guest does not use MSI-X: then the pin is to be raised.
   */
  raise(vector: number): boolean {
    this.lock.acquire();
    try {
      if (!this.enabled) return false;
      if (vector >= this.vectors) return true;
      if (this.#open && !this.#masked(vector)) this.#send(vector);
      else this.#pending[vector >>> 5]! |= 1 << (vector & 31);
      return true;
    } finally {
      this.lock.release();
    }
  }

  /** Forgets what is pending: the device was reset. */
  clearPending(): void {
    this.lock.acquire();
    try {
      this.#pending.fill(0);
    } finally {
      this.lock.release();
    }
  }

  /** True if a vector's message is sent as soon as it is raised. Under the bus's lock. */
  deliverable(vector: number): boolean {
    return this.#open && !this.#masked(vector);
  }

  /** A vector's message: for routes in the kernel, made where {@link VectorListener} says so. Under the bus's lock. */
  message(vector: number): MsiMessage {
    const at = vector * MSIX_ENTRY.SIZE;
    return {
      addressLow: this.#entries.getUint32(at + MSIX_ENTRY.ADDRESS_LOW, true),
      addressHigh: this.#entries.getUint32(at + MSIX_ENTRY.ADDRESS_HIGH, true),
      data: this.#entries.getUint32(at + MSIX_ENTRY.DATA, true),
    };
  }

  /** Power-on state: every vector masked (§6.8.2.9), nothing pending. The interrupt lock is held. */
  reset(): void {
    this.#pending.fill(0);
    for (let vector = 0; vector < this.vectors; vector++) {
      const at = vector * MSIX_ENTRY.SIZE;
      for (let word = 0; word < MSIX_ENTRY.SIZE; word += 4) this.#entries.setUint32(at + word, 0, true);
      this.#entries.setUint32(at + MSIX_ENTRY.CONTROL, MSIX_VECTOR_MASKED, true);
    }
  }

  /** Sends what has waited and may go now. The interrupt lock is held. */
  flush(): void {
    if (!this.#open) return;
    for (let word = 0; word * 32 < this.vectors; word++) {
      for (let bits = this.#pending[word]!; bits !== 0; bits &= bits - 1) {
        const vector = 32 * word + 31 - Math.clz32(bits & -bits);
        if (this.#masked(vector)) continue;
        this.#pending[word]! &= ~(1 << (vector & 31));
        this.#send(vector);
      }
    }
  }

  /** Tells of every vector: what they have in common has changed. The interrupt lock is not held. */
  tellAll(): void {
    for (let vector = 0; vector < this.vectors; vector++) this.onChanged(vector);
  }

  /**
   * Messages may be sent at all. One that may not, because the function is no bus master (§6.2.2: a message is a
   * write by the function), waits as a masked one does.
   */
  get #open(): boolean {
    const bits = this.#config.getUint16(this.#control, true);
    return (bits & (MSIX_CONTROL.ENABLE | MSIX_CONTROL.FUNCTION_MASK)) === MSIX_CONTROL.ENABLE &&
      (this.#config.getUint16(CONFIG.COMMAND, true) & COMMAND.BUS_MASTER) !== 0;
  }

  #masked(vector: number): boolean {
    const at = vector * MSIX_ENTRY.SIZE + MSIX_ENTRY.CONTROL;
    return (this.#entries.getUint32(at, true) & MSIX_VECTOR_MASKED) !== 0;
  }

  #send(vector: number): void {
    const at = vector * MSIX_ENTRY.SIZE;
    this.sender.send(
      this.#entries.getUint32(at + MSIX_ENTRY.ADDRESS_LOW, true),
      this.#entries.getUint32(at + MSIX_ENTRY.ADDRESS_HIGH, true),
      this.#entries.getUint32(at + MSIX_ENTRY.DATA, true),
    );
  }

  #readTable(offset: number, width: number): number {
    let value = 0;
    for (let i = 0; i < width && offset + i < this.#entries.byteLength; i++) {
      value |= this.#entries.getUint8(offset + i) << (8 * i);
    }
    return value >>> 0;
  }

  #writeTable(offset: number, width: number, value: number): void {
    const end = Math.min(offset + width, this.#entries.byteLength);
    if (offset >= end) return;
    this.lock.acquire();
    try {
      for (let at = offset; at < end; at++) {
        const mask = tableMask(at % MSIX_ENTRY.SIZE);
        this.#entries.setUint8(at, (value >>> (8 * (at - offset))) & mask);
      }
      this.flush();
    } finally {
      this.lock.release();
    }
    const last = Math.floor((end - 1) / MSIX_ENTRY.SIZE);
    for (let vector = Math.floor(offset / MSIX_ENTRY.SIZE); vector <= last; vector++) this.onChanged(vector);
  }

  #readPending(offset: number, width: number): number {
    let value = 0;
    for (let i = 0; i < width && offset + i < pendingBytes(this.vectors); i++) {
      const at = offset + i;
      value |= ((this.#pending[at >>> 2]! >>> (8 * (at & 3))) & 0xff) << (8 * i);
    }
    return value >>> 0;
  }
}

/** The writable bits of a byte of an entry: addresses are multiples of 4, and the control word has its mask bit only. */
function tableMask(at: number): number {
  if (at === MSIX_ENTRY.ADDRESS_LOW) return 0xfc;
  if (at < MSIX_ENTRY.CONTROL) return 0xff;
  return at === MSIX_ENTRY.CONTROL ? MSIX_VECTOR_MASKED : 0;
}
