/**
 * A virtqueue, from the device's side.
 *
 * @module
 */

import type { DescriptorChain } from "./chain.ts";

/** Where a queue is and how it is used; as the driver set it up and the features say. */
export interface QueueSetup {
  /** Entries. */
  readonly size: number;
  /** Guest-physical addresses of the descriptor area, the driver area and the device area (virtio 1.3, 2.6). */
  readonly descriptors: number;
  readonly driver: number;
  readonly device: number;
  /** VIRTIO_F_EVENT_IDX was negotiated. */
  readonly eventIndex: boolean;
  /** VIRTIO_F_INDIRECT_DESC was negotiated. */
  readonly indirect: boolean;
}

/** How far a queue got: all that is not in the rings. Saved with the machine. */
export interface QueuePosition {
  /** Split: index of the next available entry. Packed: slot, and in bit 15 the wrap counter. */
  next_avail: number;
  /** The same of the next used entry. */
  next_used: number;
}

/**
 * One queue, split or packed. One thread uses it. What the guest did wrong is a `QueueError`: the queue is not to be used
 * any more until the driver sets it up anew.
 */
export interface Virtqueue {
  /** Takes the next request. False if there is none. */
  pop(chain: DescriptorChain): boolean;
  /** Gives a request back, in any order, with the number of bytes that were written to its buffers. */
  push(chain: DescriptorChain, written: number): void;
  /** Whether the driver wants an interrupt for what was given back since the last call. */
  interruptWanted(): boolean;
  /** The driver need not notify: the device looks by itself. */
  disableNotifications(): void;
  /** The driver shall notify again. True if a request has come meanwhile: it will not be notified of. */
  enableNotifications(): boolean;
}
