/**
 * A virtio device's registers as they lie in the machine state, whatever its transport.
 *
 * @module
 */

import { array, struct, u16, u32, u64, u8, type View } from "../../ffi/layout.ts";

/** Status bits (virtio 1.3, 2.1). */
export const STATUS = {
  ACKNOWLEDGE: 1,
  DRIVER: 2,
  DRIVER_OK: 4,
  FEATURES_OK: 8,
  NEEDS_RESET: 64,
  FAILED: 128,
} as const;

/** No MSI-X vector (VIRTIO_MSI_NO_VECTOR, 4.1.5.1.3). */
export const NO_VECTOR = 0xffff;

/** Queues of a device, at most. */
export const MAX_QUEUES = 16;

/** One queue: what the driver set, and how far the device got (see `QueuePosition`). */
export const VirtioQueueState = struct("virtio_queue_state", {
  descriptors: u64,
  driver: u64,
  device: u64,
  size: u16,
  ready: u8,
  vector: u16,
  next_avail: u16,
  next_used: u16,
});

/** All registers of a device but those of its own configuration. */
export const VirtioState = struct("virtio_state", {
  /** {@linkcode STATUS} bits. Atomic: the worker sets NEEDS_RESET without the device's lock. */
  status: u32,
  /** ISR bits: 1 for a queue, 2 for the configuration (4.1.4.5, 4.2.2). Atomic: set by the worker, cleared by the driver. */
  interrupt_status: u32,
  config_generation: u8,
  config_vector: u16,
  queue_select: u16,
  device_features_select: u32,
  driver_features_select: u32,
  driver_features: array(u32, 2),
  queues: array(VirtioQueueState, MAX_QUEUES),
});

/** A view of {@linkcode VirtioState}. */
export type VirtioStateView = View<typeof VirtioState>;
/** A view of {@linkcode VirtioQueueState}. */
export type VirtioQueueView = View<typeof VirtioQueueState>;

/** A word that several threads change, for Atomics. */
export function atomicWord(state: VirtioStateView, field: "status" | "interrupt_status"): Uint32Array {
  return new Uint32Array(state.$bytes.buffer, state.$bytes.byteOffset + VirtioState.offset(field), 1);
}
