/**
 * What a kind of virtio device is to its transport.
 *
 * @module
 */

import type { Features } from "./features.ts";

/** Device ids (virtio 1.3, 5). */
export const DEVICE_ID = {
  NETWORK: 1,
  BLOCK: 2,
  CONSOLE: 3,
  ENTROPY: 4,
  BALLOON: 5,
  VSOCK: 19,
  FS: 26,
} as const;

/** A kind of device, over its own configuration in the machine state. */
export interface VirtioModel {
  /** One of {@linkcode DEVICE_ID}. */
  readonly id: number;
  /** What this device offers, without the bits of queues and transports. */
  readonly features: Features;
  /** Entries of each queue, at most; powers of two. */
  readonly queueSizes: readonly number[];
  /** The driver reads a byte of the device's own configuration (1.3, 2.5). Past its end: 0. */
  readConfig(offset: number): number;
  /** The driver writes one. Most devices ignore it. */
  writeConfig(offset: number, value: number): void;
}

/** The other half of a device: the thread that works its queues. Called under the device's lock. */
export interface QueueWork {
  /** The driver is ready: work the queues as the state says. */
  start(): void;
  /** The driver resets the device. Returns when no request is being worked on any more and none will be. */
  stop(): void;
  /** The driver has put something into a queue. */
  notify(queue: number): void;
}

/** A device's way to interrupt its driver. */
export interface VirtioInterrupt {
  /** @param vector of the queue or the configuration, for MSI-X */
  signal(vector: number): void;
}
