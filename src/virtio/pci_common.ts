/**
 * The common configuration of virtio over PCI: the registers that all devices have (virtio 1.3, 4.1.4.3).
 *
 * @module
 */

import type { IoDevice } from "../bus/device.ts";
import type { VirtioRegisters } from "./registers.ts";
import { NO_VECTOR } from "./state.ts";

/** Offsets in `struct virtio_pci_common_cfg`. */
export const COMMON_REGISTER = {
  DEVICE_FEATURES_SELECT: 0x00,
  DEVICE_FEATURES: 0x04,
  DRIVER_FEATURES_SELECT: 0x08,
  DRIVER_FEATURES: 0x0c,
  CONFIG_VECTOR: 0x10,
  QUEUES: 0x12,
  STATUS: 0x14,
  CONFIG_GENERATION: 0x15,
  QUEUE_SELECT: 0x16,
  QUEUE_SIZE: 0x18,
  QUEUE_VECTOR: 0x1a,
  QUEUE_ENABLE: 0x1c,
  QUEUE_NOTIFY_OFFSET: 0x1e,
  QUEUE_DESCRIPTORS: 0x20,
  QUEUE_DRIVER: 0x28,
  QUEUE_DEVICE: 0x30,
} as const;

const R = COMMON_REGISTER;

/** Bytes of the register at an offset: drivers access each as a whole, the wide ones by halves (4.1.3.1). */
function widthAt(offset: number): number {
  if (offset < R.CONFIG_VECTOR || offset >= R.QUEUE_DESCRIPTORS) return 4;
  return offset === R.STATUS || offset === R.CONFIG_GENERATION ? 1 : 2;
}

/** The registers. What is no whole register reads as zero, and takes nothing. */
export class CommonConfig implements IoDevice {
  readonly maxWidth = 4;

  /**
   * @param vectors that the function has
   * @param onReset the driver has reset the device
   */
  constructor(
    private readonly registers: VirtioRegisters,
    private readonly vectors: number,
    private readonly onReset: () => void,
  ) {}

  read(offset: number, width: number): number {
    if (width !== widthAt(offset)) return 0;
    const { registers } = this, { state, queue } = registers;
    switch (offset) {
      case R.DEVICE_FEATURES_SELECT:
        return state.device_features_select;
      case R.DEVICE_FEATURES:
        return registers.deviceFeatures;
      case R.DRIVER_FEATURES_SELECT:
        return state.driver_features_select;
      case R.DRIVER_FEATURES:
        return registers.driverFeatures;
      case R.CONFIG_VECTOR:
        return state.config_vector;
      case R.QUEUES:
        return registers.model.queueSizes.length;
      case R.STATUS:
        return registers.status;
      case R.CONFIG_GENERATION:
        return state.config_generation;
      case R.QUEUE_SELECT:
        return state.queue_select;
      case R.QUEUE_SIZE:
        return queue?.size ?? 0;
      case R.QUEUE_VECTOR:
        return queue?.vector ?? NO_VECTOR;
      case R.QUEUE_ENABLE:
        return queue?.ready ?? 0;
      case R.QUEUE_NOTIFY_OFFSET: // counts doorbells, one for each queue
        return queue === undefined ? 0 : state.queue_select;
      case R.QUEUE_DESCRIPTORS:
        return queue?.descriptors_lo ?? 0;
      case R.QUEUE_DESCRIPTORS + 4:
        return queue?.descriptors_hi ?? 0;
      case R.QUEUE_DRIVER:
        return queue?.driver_lo ?? 0;
      case R.QUEUE_DRIVER + 4:
        return queue?.driver_hi ?? 0;
      case R.QUEUE_DEVICE:
        return queue?.device_lo ?? 0;
      case R.QUEUE_DEVICE + 4:
        return queue?.device_hi ?? 0;
      default:
        return 0;
    }
  }

  write(offset: number, width: number, value: number): void {
    if (width !== widthAt(offset)) return;
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
      case R.CONFIG_VECTOR:
        state.config_vector = this.#vector(value);
        return;
      case R.STATUS:
        // When this returns the device is at rest, so that 0 is what is read next (4.1.4.3.1).
        registers.status = value;
        if (value === 0) this.onReset();
        return;
      case R.QUEUE_SELECT:
        state.queue_select = value;
        return;
      case R.QUEUE_ENABLE:
        if (value === 1) registers.enableQueue();
        return;
      case R.QUEUE_VECTOR:
        if (registers.queue !== undefined) registers.queue.vector = this.#vector(value);
        return;
      default:
        this.#placeQueue(offset, value);
    }
  }

  /** A queue's place cannot be changed while it is on (4.1.4.3.2). */
  #placeQueue(offset: number, value: number): void {
    const { queue } = this.registers;
    if (queue === undefined || queue.ready !== 0) return;
    switch (offset) {
      case R.QUEUE_SIZE:
        queue.size = value;
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

  /** The driver reads back whether it got the vector (4.1.5.1.2). */
  #vector(value: number): number {
    return value < this.vectors ? value : NO_VECTOR;
  }
}
