/**
 * Packed virtqueues (virtio 1.3, 2.8).
 *
 * @module
 */

import type { DescriptorChain } from "./chain.ts";
import { Descriptor, DESCRIPTOR_BYTES, DESCRIPTOR_FLAG } from "./descriptor.ts";
import { QueueError } from "./errors.ts";
import type { RamAccess } from "./ram_access.ts";
import { passed } from "./split_queue.ts";
import type { QueuePosition, QueueSetup, Virtqueue } from "./virtqueue.ts";

/** RING_EVENT_FLAGS_*: 2.8.10. */
const EVENT = { ENABLE: 0, DISABLE: 1, AT_DESCRIPTOR: 2 } as const;
/** Halfwords of an event suppression structure. */
const EVENT_OFFSET = 0, EVENT_FLAGS = 1;
/** The wrap counter, in a position and in an event's offset. */
const WRAP = 0x8000;
/** Halfwords of a descriptor, and where its flags are. */
const HALFWORDS = DESCRIPTOR_BYTES / 2, FLAGS = 7;

/** A packed queue. A fresh one's positions are {@linkcode PACKED_START}. */
export class PackedQueue implements Virtqueue {
  readonly #ring: DataView;
  readonly #ringAt: number;
  readonly #halfwords: Uint16Array;
  readonly #driverEvent: Uint16Array;
  readonly #deviceEvent: Uint16Array;
  readonly #descriptor = new Descriptor();
  /** Slots given back since the driver was last asked whether it wants an interrupt. */
  #unsignalled = 0;

  /** Throws QueueError for rings that are misaligned or no RAM, and for a size that cannot be. */
  constructor(
    private readonly setup: QueueSetup,
    private readonly ram: RamAccess,
    private readonly position: QueuePosition,
  ) {
    const { size, descriptors, driver, device } = setup;
    if (size < 1 || size > 32768) throw new QueueError(`a packed queue of ${size} entries`);
    if (descriptors % DESCRIPTOR_BYTES !== 0) throw new QueueError("a descriptor ring that is not aligned");
    this.#ring = ram.view(descriptors, size * DESCRIPTOR_BYTES);
    this.#ringAt = ram.offset(descriptors);
    this.#halfwords = ram.halfwords(descriptors, size * HALFWORDS);
    ram.words(driver, 1); // aligned to 4
    ram.words(device, 1);
    this.#driverEvent = ram.halfwords(driver, 2);
    this.#deviceEvent = ram.halfwords(device, 2);
    if ((position.next_avail & ~WRAP) >= size || (position.next_used & ~WRAP) >= size) {
      throw new QueueError("a position outside the ring");
    }
  }

  pop(chain: DescriptorChain): boolean {
    const { position, setup: { size } } = this, descriptor = this.#descriptor;
    let slot = position.next_avail & ~WRAP, wrap = position.next_avail & WRAP;
    let flags = this.#flags(slot);
    if (!available(flags, wrap)) return false;
    chain.clear();
    for (;;) {
      if (++chain.slots > size) throw new QueueError("a chain longer than its ring");
      descriptor.loadPacked(this.#ring, this.#ringAt + slot * DESCRIPTOR_BYTES, flags);
      if (flags & DESCRIPTOR_FLAG.INDIRECT) {
        if (!this.setup.indirect || chain.slots > 1 || flags & DESCRIPTOR_FLAG.NEXT) {
          throw new QueueError("an indirect table where none may be");
        }
        this.#indirect(chain);
      } else {
        chain.add(descriptor.address, descriptor.length, (flags & DESCRIPTOR_FLAG.WRITE) !== 0);
      }
      if (++slot === size) {
        slot = 0;
        wrap ^= WRAP;
      }
      if ((flags & DESCRIPTOR_FLAG.NEXT) === 0) break;
      flags = this.#flags(slot);
      // The driver makes the first descriptor of a chain available last (2.8.21): the others are there by now.
      if (!available(flags, wrap)) throw new QueueError("a chain that goes on where nothing is available");
    }
    chain.id = descriptor.id;
    position.next_avail = slot | wrap;
    return true;
  }

  push(chain: DescriptorChain, written: number): void {
    const { position, setup: { size } } = this;
    let slot = position.next_used & ~WRAP, wrap = position.next_used & WRAP;
    const at = this.#ringAt + slot * DESCRIPTOR_BYTES;
    this.#ring.setUint32(at + 8, written, true);
    this.#ring.setUint16(at + 12, chain.id, true);
    const used = wrap === 0 ? 0 : DESCRIPTOR_FLAG.AVAIL | DESCRIPTOR_FLAG.USED;
    Atomics.store(
      this.#halfwords,
      slot * HALFWORDS + FLAGS,
      used | (written > 0 ? DESCRIPTOR_FLAG.WRITE : 0),
    ); // after the rest: a full fence
    slot += chain.slots;
    if (slot >= size) {
      slot -= size;
      wrap ^= WRAP;
    }
    position.next_used = slot | wrap;
    this.#unsignalled += chain.slots;
  }

  interruptWanted(): boolean {
    const count = this.#unsignalled;
    if (count === 0) return false;
    this.#unsignalled = 0;
    const flags = Atomics.load(this.#driverEvent, EVENT_FLAGS) & 3;
    if (flags !== EVENT.AT_DESCRIPTOR || !this.setup.eventIndex) return flags !== EVENT.DISABLE;
    const offset = Atomics.load(this.#driverEvent, EVENT_OFFSET);
    const { position, setup: { size } } = this;
    const now = position.next_used & ~WRAP;
    // As if the ring went on for ever: an event of the other round is one ring earlier.
    const event = (offset & ~WRAP) - ((offset & WRAP) === (position.next_used & WRAP) ? 0 : size);
    return passed(event & 0xffff, (now - count) & 0xffff, now);
  }

  disableNotifications(): void {
    Atomics.store(this.#deviceEvent, EVENT_FLAGS, EVENT.DISABLE);
  }

  enableNotifications(): boolean {
    const { next_avail } = this.position;
    if (this.setup.eventIndex) {
      Atomics.store(this.#deviceEvent, EVENT_OFFSET, next_avail);
      Atomics.store(this.#deviceEvent, EVENT_FLAGS, EVENT.AT_DESCRIPTOR);
    } else Atomics.store(this.#deviceEvent, EVENT_FLAGS, EVENT.ENABLE);
    return available(this.#flags(next_avail & ~WRAP), next_avail & WRAP);
  }

  #flags(slot: number): number {
    return Atomics.load(this.#halfwords, slot * HALFWORDS + FLAGS);
  }

  /** All descriptors of a table are one chain, whatever their NEXT flags say (2.8.19). */
  #indirect(chain: DescriptorChain): void {
    const { id, address } = this.#descriptor, entries = this.#descriptor.tableEntries();
    const view = this.ram.view(address, entries * DESCRIPTOR_BYTES), at = this.ram.offset(address);
    for (let i = 0; i < entries; i++) {
      const here = at + i * DESCRIPTOR_BYTES, flags = view.getUint16(here + 14, true);
      if (flags & DESCRIPTOR_FLAG.INDIRECT) throw new QueueError("a table in a table");
      this.#descriptor.loadPacked(view, here, flags);
      chain.add(this.#descriptor.address, this.#descriptor.length, (flags & DESCRIPTOR_FLAG.WRITE) !== 0);
    }
    this.#descriptor.id = id;
  }
}

/** Positions of a packed queue that was just set up: both wrap counters are 1 (2.8.1). */
export const PACKED_START = WRAP;

/** A descriptor is available when its AVAIL bit is the wrap counter and its USED bit is not (2.8.1). */
function available(flags: number, wrap: number): boolean {
  return ((flags & DESCRIPTOR_FLAG.AVAIL) !== 0) === (wrap !== 0) &&
    ((flags & DESCRIPTOR_FLAG.USED) !== 0) !== (wrap !== 0);
}
