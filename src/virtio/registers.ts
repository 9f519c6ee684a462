/**
 * The registers that all transports have in common: status, features, queues.
 *
 * @module
 */

import { FEATURE, features, has, union } from "./features.ts";
import type { QueueWork, VirtioInterrupt, VirtioModel } from "./model.ts";
import { PACKED_START } from "./queue/packed_queue.ts";
import {
  atomicWord,
  MAX_QUEUES,
  NO_VECTOR,
  STATUS,
  type VirtioQueueView,
  type VirtioStateView,
} from "./state.ts";

/** What the queues can do, of every device. */
const COMMON = features(FEATURE.VERSION_1, FEATURE.INDIRECT_DESC, FEATURE.EVENT_IDX, FEATURE.RING_PACKED);

/** ISR bits. */
const ISR = { QUEUE: 1, CONFIG: 2 } as const;

/** Power-on state. */
export function resetVirtio(state: VirtioStateView, model: VirtioModel): void {
  state.$bytes.fill(0);
  state.config_vector = NO_VECTOR;
  model.queueSizes.forEach((size, index) => {
    const queue = state.queues[index]!;
    queue.size = size;
    queue.vector = NO_VECTOR;
  });
}

/**
 * A virtio device as its driver sees it, over state in shared memory. Methods that the driver's accesses lead to are called
 * under the device's lock; the two that the worker calls need none: {@link interruptForQueue} and {@link needsReset}. So
 * the worker never waits for a vCPU, which may hold the lock while it waits for the worker (a reset).
 */
export class VirtioRegisters {
  readonly #offered;
  readonly #status: Uint32Array;
  readonly #interrupts: Uint32Array;

  constructor(
    readonly state: VirtioStateView,
    readonly model: VirtioModel,
    private readonly work: QueueWork,
    private readonly interrupt: VirtioInterrupt,
  ) {
    if (model.queueSizes.length > MAX_QUEUES) throw new RangeError(`${model.queueSizes.length} queues`);
    this.#offered = union(model.features, COMMON);
    this.#status = atomicWord(state, "status");
    this.#interrupts = atomicWord(state, "interrupt_status");
  }

  /** 32 feature bits of the device, those that the driver selected. */
  get deviceFeatures(): number {
    return this.#offered[this.state.device_features_select] ?? 0;
  }

  /** 32 feature bits that the driver takes. Fixed once it said FEATURES_OK. */
  get driverFeatures(): number {
    return this.state.driver_features[this.state.driver_features_select] ?? 0;
  }
  set driverFeatures(value: number) {
    const { state } = this;
    if (this.status & STATUS.FEATURES_OK || state.driver_features_select > 1) return;
    state.driver_features[state.driver_features_select] = value;
  }

  /** Whether the driver took a feature. */
  negotiated(bit: number): boolean {
    return has(this.state.driver_features, bit);
  }

  get status(): number {
    return Atomics.load(this.#status, 0);
  }

  /** 0 resets the device; other bits are only ever added (2.1.1). */
  set status(value: number) {
    if (value === 0) {
      this.reset();
      return;
    }
    let added = value & ~this.status;
    if (added & STATUS.FEATURES_OK && !this.#acceptable()) added &= ~STATUS.FEATURES_OK;
    Atomics.or(this.#status, 0, added);
    if (added & STATUS.DRIVER_OK) this.work.start();
  }

  /** The power-on state, but for the generation of the configuration, by which drivers see that it changed. */
  reset(): void {
    const { state } = this;
    this.work.stop();
    const { config_generation } = state;
    resetVirtio(state, this.model);
    state.config_generation = config_generation;
  }

  /** The queue that the driver selected; undefined for one that there is not. */
  get queue(): VirtioQueueView | undefined {
    const index = this.state.queue_select;
    return index < this.model.queueSizes.length ? this.state.queues[index] : undefined;
  }

  /** Entries that the selected queue can have, 0 if there is no such queue. */
  get queueSizeMax(): number {
    return this.model.queueSizes[this.state.queue_select] ?? 0;
  }

  /** The driver switches the selected queue on. Its rings are checked when the device starts. */
  enableQueue(): void {
    const { queue } = this;
    if (queue === undefined || queue.ready !== 0) return;
    queue.ready = 1;
    const start = this.negotiated(FEATURE.RING_PACKED) ? PACKED_START : 0;
    queue.next_avail = start;
    queue.next_used = start;
  }

  /** The driver reads `width` bytes of the device's own configuration. */
  readConfig(offset: number, width: number): number {
    let value = 0;
    for (let i = 0; i < width; i++) value |= this.model.readConfig(offset + i) << (8 * i);
    return value >>> 0;
  }

  /** It writes some. */
  writeConfig(offset: number, width: number, value: number): void {
    for (let i = 0; i < width; i++) this.model.writeConfig(offset + i, value >>> (8 * i) & 0xff);
  }

  /** The driver says that there is something in a queue. */
  notify(queue: number): void {
    if (this.status & STATUS.DRIVER_OK && this.state.queues[queue]?.ready === 1) {
      this.work.notify(queue);
    }
  }

  /** Tells the driver that requests of a queue are done. */
  interruptForQueue(queue: number): void {
    Atomics.or(this.#interrupts, 0, ISR.QUEUE);
    this.interrupt.signal(this.state.queues[queue]!.vector);
  }

  /** The driver has seen these interrupts. */
  acknowledge(bits: number): void {
    Atomics.and(this.#interrupts, 0, ~bits);
  }

  /** Reading the ISR register clears it, on transports that have one such (4.1.4.5). */
  takeInterrupts(): number {
    return Atomics.exchange(this.#interrupts, 0, 0);
  }

  /** Tells the driver that the device's configuration changed. */
  configChanged(): void {
    const { state } = this;
    state.config_generation = (state.config_generation + 1) & 0xff;
    this.#interruptForConfig();
  }

  /** The device can no more, for what its driver did: nothing works until it is reset (2.1.2). */
  needsReset(): void {
    Atomics.or(this.#status, 0, STATUS.NEEDS_RESET);
    this.#interruptForConfig();
  }

  #interruptForConfig(): void {
    if ((this.status & STATUS.DRIVER_OK) === 0) return;
    Atomics.or(this.#interrupts, 0, ISR.CONFIG);
    this.interrupt.signal(this.state.config_vector);
  }

  /** Only what was offered, and a driver of this century: without VERSION_1 the rings' byte order would be unknown. */
  #acceptable(): boolean {
    const { driver_features } = this.state;
    return [0, 1].every((word) => (driver_features[word]! & ~this.#offered[word]!) === 0) &&
      this.negotiated(FEATURE.VERSION_1);
  }
}
