/**
 * What a guest's driver did wrong with a queue.
 *
 * @module
 */

/** A broken ring: the device cannot go on and says DEVICE_NEEDS_RESET (virtio 1.3, 2.1.1). Only that device is lost. */
export class QueueError extends Error {
  override readonly name = "QueueError";
}
