/**
 * Virtio over MMIO, version 2 (virtio 1.3, 4.2).
 *
 * @module
 */

import type { IoDevice } from "../bus/device.ts";
import type { VirtioRegisters } from "./registers.ts";
import type { VirtioQueueView } from "./state.ts";

/** Register offsets (table 4.1). */
export const MMIO_REGISTER = {
  MAGIC: 0x000,
  VERSION: 0x004,
  DEVICE_ID: 0x008,
  VENDOR_ID: 0x00c,
  DEVICE_FEATURES: 0x010,
  DEVICE_FEATURES_SELECT: 0x014,
  DRIVER_FEATURES: 0x020,
  DRIVER_FEATURES_SELECT: 0x024,
  QUEUE_SELECT: 0x030,
  QUEUE_SIZE_MAX: 0x034,
  QUEUE_SIZE: 0x038,
  QUEUE_READY: 0x044,
  QUEUE_NOTIFY: 0x050,
  INTERRUPT_STATUS: 0x060,
  INTERRUPT_ACK: 0x064,
  STATUS: 0x070,
  QUEUE_DESCRIPTORS: 0x080,
  QUEUE_DRIVER: 0x090,
  QUEUE_DEVICE: 0x0a0,
  CONFIG_GENERATION: 0x0fc,
  CONFIG: 0x100,
} as const;

const R = MMIO_REGISTER;
/** "virt" */
const MAGIC = 0x7472_6976;
const VERSION = 2;
/** "DENO": ours to choose (4.2.2). */
const VENDOR = 0x4f4e_4544;

/** A virtio device behind a window of registers. Notifications usually come by ioeventfd and not through here. */
export class VirtioMmio implements IoDevice {
  readonly maxWidth = 4;

  constructor(readonly registers: VirtioRegisters) {}

  read(offset: number, width: number): number {
    if (offset >= R.CONFIG) return this.registers.readConfig(offset - R.CONFIG, width);
    // Only aligned words (4.2.2.2); anything else gets what an absent device answers.
    if (width !== 4 || offset % 4 !== 0) return 0xffff_ffff;
    const { registers } = this, { state } = registers;
    switch (offset) {
      case R.MAGIC:
        return MAGIC;
      case R.VERSION:
        return VERSION;
      case R.DEVICE_ID:
        return registers.model.id;
      case R.VENDOR_ID:
        return VENDOR;
      case R.DEVICE_FEATURES:
        return registers.deviceFeatures;
      case R.QUEUE_SIZE_MAX:
        return registers.queueSizeMax;
      case R.QUEUE_READY:
        return registers.queue?.ready ?? 0;
      case R.INTERRUPT_STATUS:
        return state.interrupt_status;
      case R.STATUS:
        return registers.status;
      case R.CONFIG_GENERATION:
        return state.config_generation;
      default:
        return 0;
    }
  }

  write(offset: number, width: number, value: number): void {
    if (offset >= R.CONFIG) return this.registers.writeConfig(offset - R.CONFIG, width, value);
    if (width !== 4 || offset % 4 !== 0) return;
    const { registers } = this, { state } = registers;
    switch (offset) {
      case R.DEVICE_FEATURES_SELECT:
        state.device_features_select = value;
        return;
      case R.DRIVER_FEATURES_SELECT:
        state.driver_features_select = value;
        return;
      case R.DRIVER_FEATURES:
        registers.driverFeatures = value;
        return;
      case R.QUEUE_SELECT:
        state.queue_select = Math.min(value, 0xffff);
        return;
      case R.QUEUE_READY:
        if (value === 1) registers.enableQueue();
        return;
      case R.QUEUE_NOTIFY:
        return registers.notify(value & 0xffff);
      case R.INTERRUPT_ACK:
        return registers.acknowledge(value);
      case R.STATUS:
        registers.status = value & 0xff;
        return;
      default:
        if (registers.queue !== undefined) this.#writeQueue(registers.queue, offset, value);
    }
  }

  /** A queue's place cannot be changed while it is on (4.2.2.2). */
  #writeQueue(queue: VirtioQueueView, offset: number, value: number): void {
    if (queue.ready !== 0) return;
    switch (offset) {
      case R.QUEUE_SIZE:
        queue.size = Math.min(value, 0xffff);
        return;
      case R.QUEUE_DESCRIPTORS:
        queue.descriptors_lo = value;
        return;
      case R.QUEUE_DESCRIPTORS + 4:
        queue.descriptors_hi = value;
        return;
      case R.QUEUE_DRIVER:
        queue.driver_lo = value;
        return;
      case R.QUEUE_DRIVER + 4:
        queue.driver_hi = value;
        return;
      case R.QUEUE_DEVICE:
        queue.device_lo = value;
        return;
      case R.QUEUE_DEVICE + 4:
        queue.device_hi = value;
        return;
    }
  }
}
