/**
 * A device's place in the machine: its lock, and its removal from service when its code fails.
 *
 * @module
 */

import type { Lock } from "../state/lock.ts";
import type { IoDevice } from "./device.ts";

/** Told once when a device's code threw. */
export type BrokenDeviceListener = (name: string, error: unknown) => void;

/**
 * A device with its lock. Several attachments may stand over the same bytes in several workers.
 *
 * A handler that throws (a defect of ours, whatever the guest did) is taken out of service for all workers: reads give
 * all ones, writes go nowhere, and the machine runs on.
 */
export class Attachment<D extends IoDevice = IoDevice> implements IoDevice {
  /**
   * @param name for messages, for example `com1`
   * @param broken in shared memory: word `index` is 1 once the device is out of service
   */
  constructor(
    readonly name: string,
    readonly device: D,
    private readonly lock: Lock,
    private readonly broken: Int32Array<SharedArrayBuffer>,
    private readonly index: number,
    private readonly onBroken: BrokenDeviceListener,
  ) {}

  /** As wide as the device: a bus behind a bus can hold attachments as it holds devices. */
  get maxWidth(): 1 | 2 | 4 {
    return this.device.maxWidth;
  }

  /** Another face of the same device, for a second range: under the same lock, and out of service together. */
  face<F extends IoDevice>(device: F): Attachment<F> {
    return new Attachment(this.name, device, this.lock, this.broken, this.index, this.onBroken);
  }

  /** A guest's read of at most `device.maxWidth` bytes. */
  read(offset: number, width: number): number {
    this.lock.acquire();
    try {
      if (this.broken[this.index] === 0) return this.device.read(offset, width);
    } catch (error) {
      this.#fail(error);
    } finally {
      this.lock.release();
    }
    return 0xffff_ffff;
  }

  /** A guest's write of at most `device.maxWidth` bytes. */
  write(offset: number, width: number, value: number): void {
    this.lock.acquire();
    try {
      if (this.broken[this.index] === 0) this.device.write(offset, width, value);
    } catch (error) {
      this.#fail(error);
    } finally {
      this.lock.release();
    }
  }

  /**
   * Anything else done to the device, by the host: under the same lock, with the same consequence if its code fails.
   * Returns undefined when the device is out of service. Cold paths only (it takes a closure).
   */
  locked<T>(action: (device: D) => T): T | undefined {
    this.lock.acquire();
    try {
      if (this.broken[this.index] === 0) return action(this.device);
    } catch (error) {
      this.#fail(error);
    } finally {
      this.lock.release();
    }
    return undefined;
  }

  #fail(error: unknown): void {
    this.broken[this.index] = 1;
    this.onBroken(this.name, error);
  }
}
