/**
 * The queues of one device, on the thread that works them.
 *
 * @module
 */

import { FEATURE, has } from "./features.ts";
import { DescriptorChain } from "./queue/chain.ts";
import { QueueError } from "./queue/errors.ts";
import { PackedQueue } from "./queue/packed_queue.ts";
import type { RamAccess } from "./queue/ram_access.ts";
import { SplitQueue } from "./queue/split_queue.ts";
import type { Virtqueue } from "./queue/virtqueue.ts";
import type { VirtioRegisters } from "./registers.ts";

/** What a kind of device does with its requests. */
export interface RequestHandler {
  /** The driver is ready; what it negotiated is in `registers`. */
  started?(registers: VirtioRegisters): void;
  /** Serves one request, and returns how many bytes it wrote to the request's buffers. Throws QueueError for nonsense. */
  handle(queue: number, request: DescriptorChain): number;
}

/** A running queue with its chain. */
interface Running {
  readonly queue: Virtqueue;
  readonly chain: DescriptorChain;
}

/** Takes requests, has them served one after the other, and interrupts the driver as it wishes. */
export class DeviceQueues {
  #running: (Running | undefined)[] = [];

  /**
   * @param onBroken told what the driver did wrong; the device then waits for its reset
   */
  constructor(
    private readonly registers: VirtioRegisters,
    private readonly ram: RamAccess,
    private readonly handler: RequestHandler,
    private readonly onBroken: (error: QueueError) => void,
  ) {}

  /** Looks at the rings as the driver set them up. */
  start(): void {
    const { registers: { state, model }, ram } = this;
    const eventIndex = has(state.driver_features, FEATURE.EVENT_IDX);
    const indirect = has(state.driver_features, FEATURE.INDIRECT_DESC);
    const Queue = has(state.driver_features, FEATURE.RING_PACKED) ? PackedQueue : SplitQueue;
    this.#guarded(() => {
      this.#running = model.queueSizes.map((most, index) => {
        const position = state.queues[index]!;
        if (position.ready === 0) return undefined;
        const { size } = position;
        if (size > most) {
          throw new QueueError(`queue ${index} of ${size} entries, where ${most} are the most`);
        }
        const setup = {
          size,
          descriptors: position.descriptors_num,
          driver: position.driver_num,
          device: position.device_num,
          eventIndex,
          indirect,
        };
        return { queue: new Queue(setup, ram, position), chain: new DescriptorChain(ram, size) };
      });
      this.handler.started?.(this.registers);
    });
    // A driver may have filled a queue before it said DRIVER_OK; its notification then went nowhere.
    this.#running.forEach((_, index) => this.run(index));
  }

  /** Forgets the rings. */
  stop(): void {
    this.#running = [];
  }

  /** Serves all that is in a queue. */
  run(index: number): void {
    const running = this.#running[index];
    if (running === undefined) return;
    const { queue, chain } = running;
    try {
      do {
        queue.disableNotifications();
        while (queue.pop(chain)) {
          queue.push(chain, this.handler.handle(index, chain));
          if (queue.interruptWanted()) this.registers.interruptForQueue(index);
        }
      } while (queue.enableNotifications());
    } catch (error) {
      this.#broken(error);
    }
  }

  #guarded(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#broken(error);
    }
  }

  /** Whatever failed, only this device is lost: it says so to its driver, and the log has the reason. */
  #broken(error: unknown): void {
    this.#running = [];
    this.registers.needsReset();
    this.onBroken(error instanceof QueueError ? error : new QueueError(String(error), { cause: error }));
  }
}
