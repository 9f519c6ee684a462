/**
 * Split virtqueues (virtio 1.3, 2.7).
 *
 * @module
 */

import type { DescriptorChain } from "./chain.ts";
import { Descriptor, DESCRIPTOR_BYTES, DESCRIPTOR_FLAG } from "./descriptor.ts";
import { QueueError } from "./errors.ts";
import type { RamAccess } from "./ram_access.ts";
import type { QueuePosition, QueueSetup, Virtqueue } from "./virtqueue.ts";

/** VIRTQ_AVAIL_F_NO_INTERRUPT and VIRTQ_USED_F_NO_NOTIFY. */
const NOT_WANTED = 1;
/** Halfwords of both rings: flags, index, then the entries. */
const FLAGS = 0, INDEX = 1, RING = 2;

/** A split queue. The rings' indices, flags and events are read and written by Atomics, the descriptors once. */
export class SplitQueue implements Virtqueue {
  readonly #mask: number;
  /** The driver area: flags, index, entries, used_event. */
  readonly #available: Uint16Array;
  /** The device area, as halfwords and as words: flags, index, entries of two words, avail_event. */
  readonly #used: Uint16Array;
  readonly #usedWords: Uint32Array;
  readonly #descriptor = new Descriptor();
  #signalled: number;

  /** Throws QueueError for rings that are misaligned or no RAM, and for a size that is no power of two. */
  constructor(
    private readonly setup: QueueSetup,
    private readonly ram: RamAccess,
    private readonly position: QueuePosition,
  ) {
    const { size, descriptors, driver, device } = setup;
    if (size < 1 || size > 32768 || (size & (size - 1)) !== 0) {
      throw new QueueError(`a split queue of ${size} entries`);
    }
    if (descriptors % DESCRIPTOR_BYTES !== 0) throw new QueueError("a descriptor table that is not aligned");
    ram.check(descriptors, size * DESCRIPTOR_BYTES);
    this.#mask = size - 1;
    this.#available = ram.halfwords(driver, RING + size + 1);
    this.#usedWords = ram.words(device, 1 + 2 * size);
    this.#used = ram.halfwords(device, RING + 4 * size + 1);
    this.#signalled = position.next_used;
  }

  pop(chain: DescriptorChain): boolean {
    const { position } = this, next = position.next_avail;
    const waiting = (Atomics.load(this.#available, INDEX) - next) & 0xffff;
    if (waiting === 0) return false;
    if (waiting > this.setup.size) {
      throw new QueueError(`${waiting} requests in a queue of ${this.setup.size}`);
    }
    const head = this.#available[RING + (next & this.#mask)]!;
    chain.clear();
    chain.id = head;
    this.#walk(head, chain);
    position.next_avail = (next + 1) & 0xffff;
    return true;
  }

  push(chain: DescriptorChain, written: number): void {
    const { position } = this, next = position.next_used;
    const entry = 1 + 2 * (next & this.#mask);
    this.#usedWords[entry] = chain.id;
    this.#usedWords[entry + 1] = written;
    position.next_used = (next + 1) & 0xffff;
    Atomics.store(this.#used, INDEX, position.next_used); // after the entry: a full fence
  }

  interruptWanted(): boolean {
    const now = this.position.next_used, before = this.#signalled;
    if (now === before) return false;
    this.#signalled = now;
    if (!this.setup.eventIndex) return (Atomics.load(this.#available, FLAGS) & NOT_WANTED) === 0;
    const event = Atomics.load(this.#available, RING + this.setup.size);
    return passed(event, before, now);
  }

  disableNotifications(): void {
    // With event indices the driver is quiet by itself until the event that was last asked for.
    if (!this.setup.eventIndex) Atomics.store(this.#used, FLAGS, NOT_WANTED);
  }

  enableNotifications(): boolean {
    const next = this.position.next_avail;
    if (this.setup.eventIndex) Atomics.store(this.#used, RING + 4 * this.setup.size, next);
    else Atomics.store(this.#used, FLAGS, 0);
    return Atomics.load(this.#available, INDEX) !== next;
  }

  #walk(head: number, chain: DescriptorChain): void {
    const { size, descriptors, indirect } = this.setup, descriptor = this.#descriptor;
    let table = descriptors, entries = size, index = head;
    // Every buffer takes one of the chain's places, so that a loop ends when they are used up.
    for (;;) {
      if (index >= entries) throw new QueueError(`descriptor ${index} of ${entries}`);
      descriptor.load(this.ram, table + index * DESCRIPTOR_BYTES);
      const { flags, length } = descriptor;
      if (flags & DESCRIPTOR_FLAG.INDIRECT) {
        if (!indirect || table !== descriptors || flags & DESCRIPTOR_FLAG.NEXT) {
          throw new QueueError("an indirect table where none may be");
        }
        entries = descriptor.tableEntries();
        table = descriptor.address;
        index = 0;
        continue;
      }
      chain.add(descriptor.address, length, (flags & DESCRIPTOR_FLAG.WRITE) !== 0);
      if ((flags & DESCRIPTOR_FLAG.NEXT) === 0) return;
      index = descriptor.next;
    }
  }
}

/** Whether the index went past `event` on its way from `before` to `now` (vring_need_event, virtio 1.3, 2.7.10). */
export function passed(event: number, before: number, now: number): boolean {
  return ((now - event - 1) & 0xffff) < ((now - before) & 0xffff);
}
