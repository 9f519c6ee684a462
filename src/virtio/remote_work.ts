/**
 * Between the threads that trap on a device's registers and the one that works its queues: two words and an eventfd.
 *
 * @module
 */

import type { QueueWork } from "./model.ts";

/** Words of one device: what the registers want, and what the worker has done about it. */
const WORD = { WANTED: 0, DONE: 1, DEAD: 2 } as const;

/** Words of shared memory that a device takes. */
export const WORK_WORDS = 3;

/** How often a trap that waits for the worker looks whether there still is one (ms). */
const LOOK_MS = 50;

/**
 * The orders for one device, in shared memory. WANTED counts starts and stops, so it is odd while the device is to work;
 * the worker copies it to DONE when it has done so. A stop that is followed by a start is two steps further: not missed.
 */
export class WorkOrders {
  constructor(private readonly words: Int32Array<SharedArrayBuffer>) {}

  /** Makes the next order: a start after a stop or a stop after a start. True if it was none. */
  order(working: boolean): boolean {
    const wanted = Atomics.load(this.words, WORD.WANTED);
    if (((wanted & 1) === 1) === working) return false;
    Atomics.store(this.words, WORD.WANTED, wanted + 1);
    return true;
  }

  /** Blocks this worker until the last order is carried out, or nobody is there to do so. */
  await(): void {
    const wanted = Atomics.load(this.words, WORD.WANTED);
    for (;;) {
      const done = Atomics.load(this.words, WORD.DONE);
      if (done === wanted || Atomics.load(this.words, WORD.DEAD) !== 0) return;
      Atomics.wait(this.words, WORD.DONE, done, LOOK_MS);
    }
  }

  /** What the worker has to do now: nothing, or to stop, to start, or to stop and start again. */
  get next(): { readonly stop: boolean; readonly start: boolean; readonly upTo: number } {
    const wanted = Atomics.load(this.words, WORD.WANTED), done = Atomics.load(this.words, WORD.DONE);
    return {
      stop: wanted !== done && (done & 1) === 1,
      start: wanted !== done && (wanted & 1) === 1,
      upTo: wanted,
    };
  }

  /** The worker has done what {@link next} said. */
  done(upTo: number): void {
    Atomics.store(this.words, WORD.DONE, upTo);
    Atomics.notify(this.words, WORD.DONE);
  }

  /** There is no worker any more: nobody shall wait for it. */
  abandon(): void {
    Atomics.store(this.words, WORD.DEAD, 1);
    Atomics.notify(this.words, WORD.DONE);
  }
}

/** The side of the registers. */
export class RemoteWork implements QueueWork {
  /**
   * @param wake wakes the worker for new orders
   * @param wakeQueue wakes it for a queue, as the ioeventfd does
   */
  constructor(
    private readonly orders: WorkOrders,
    private readonly wake: () => void,
    private readonly wakeQueue: (queue: number) => void,
  ) {}

  start(): void {
    if (this.orders.order(true)) this.wake();
  }

  stop(): void {
    if (!this.orders.order(false)) return;
    this.wake();
    this.orders.await();
  }

  notify(queue: number): void {
    this.wakeQueue(queue);
  }
}
