/** Drivers' sides of virtqueues over plain memory, as a guest has them: split and packed. */
import { addressOf } from "../../../ffi/iovec.ts";
import { RamAccess } from "../../../src/virtio/queue/ram_access.ts";
import type { QueueSetup } from "../../../src/virtio/queue/virtqueue.ts";

/** A buffer of a request. */
export interface Buffer {
  readonly gpa: number;
  readonly length: number;
  readonly writable: boolean;
}

/** What a device gave back. */
export interface Used {
  readonly id: number;
  readonly written: number;
}

export const BASE = 0x1_0000;
export const BYTES = 0x4_0000;

/** A piece of RAM at {@link BASE}, and room in it for one queue's rings. */
export class FakeRam {
  readonly buffer = new ArrayBuffer(BYTES);
  readonly view = new DataView(this.buffer);
  readonly bytes = new Uint8Array(this.buffer);
  readonly access = new RamAccess(
    [{ gpa: BASE, size: BYTES, buffer: this.buffer, bufferOffset: 0 }],
    addressOf(this.bytes),
  );

  setup(size: number, features: Partial<QueueSetup> = {}): QueueSetup {
    return {
      size,
      descriptors: BASE,
      driver: BASE + 0x4000,
      device: BASE + 0x5000,
      eventIndex: false,
      indirect: true,
      ...features,
    };
  }
  u16(gpa: number, value?: number): number {
    if (value !== undefined) this.view.setUint16(gpa - BASE, value, true);
    return this.view.getUint16(gpa - BASE, true);
  }
  u32(gpa: number, value?: number): number {
    if (value !== undefined) this.view.setUint32(gpa - BASE, value, true);
    return this.view.getUint32(gpa - BASE, true);
  }
  /** Writes a descriptor; the last two fields are flags and next (split) or id and flags (packed). */
  descriptor(at: number, gpa: number, length: number, third: number, fourth: number): void {
    this.u32(at, gpa % 2 ** 32);
    this.u32(at + 4, Math.floor(gpa / 2 ** 32));
    this.u32(at + 8, length);
    this.u16(at + 12, third);
    this.u16(at + 14, fourth);
  }
}

const NEXT = 1, WRITE = 2, INDIRECT = 4;

/** Where indirect tables go: one for each descriptor. */
const TABLES = BASE + 0x8000, TABLE_BYTES = 0x200;

/** A driver of either kind. */
export interface FakeDriver {
  /** Offers a request; returns its id. */
  offer(buffers: readonly Buffer[], options?: { indirect?: boolean }): number;
  /** Requests that were given back since the last call. */
  reap(): Used[];
  /** Free ring slots. */
  readonly free: number;
}

export class SplitDriver implements FakeDriver {
  #available = 0;
  #used = 0;
  readonly #freeList: number[];
  readonly #chains = new Map<number, number[]>();

  constructor(readonly ram: FakeRam, readonly setup: QueueSetup) {
    this.#freeList = Array.from({ length: setup.size }, (_, i) => i);
  }

  get free(): number {
    return this.#freeList.length;
  }

  offer(buffers: readonly Buffer[], { indirect = false } = {}): number {
    const { ram, setup } = this;
    const slots = this.#freeList.splice(0, indirect ? 1 : buffers.length);
    const head = slots[0]!;
    if (indirect) {
      const table = TABLES + head * TABLE_BYTES;
      this.#write(table, buffers, buffers.map((_, i) => i));
      ram.descriptor(setup.descriptors + 16 * head, table, 16 * buffers.length, INDIRECT, 0);
    } else this.#write(setup.descriptors, buffers, slots);
    this.#chains.set(head, slots);
    ram.u16(setup.driver + 4 + 2 * (this.#available % setup.size), head);
    this.#available = (this.#available + 1) & 0xffff;
    ram.u16(setup.driver + 2, this.#available);
    return head;
  }

  reap(): Used[] {
    const { ram, setup } = this, used: Used[] = [];
    while (this.#used !== ram.u16(setup.device + 2)) {
      const entry = setup.device + 4 + 8 * (this.#used % setup.size);
      const id = ram.u32(entry);
      used.push({ id, written: ram.u32(entry + 4) });
      this.#freeList.push(...this.#chains.get(id) ?? []);
      this.#chains.delete(id);
      this.#used = (this.#used + 1) & 0xffff;
    }
    return used;
  }

  #write(table: number, buffers: readonly Buffer[], slots: readonly number[]): void {
    buffers.forEach(({ gpa, length, writable }, i) => {
      const next = slots[i + 1];
      const flags = (writable ? WRITE : 0) | (next === undefined ? 0 : NEXT);
      this.ram.descriptor(table + 16 * slots[i]!, gpa, length, flags, next ?? 0);
    });
  }
}

const AVAIL = 1 << 7, USED = 1 << 15;

export class PackedDriver implements FakeDriver {
  #slot = 0;
  #wrap = true;
  #usedSlot = 0;
  #usedWrap = true;
  #nextId = 0;
  free: number;
  readonly #slots = new Map<number, number>();

  constructor(readonly ram: FakeRam, readonly setup: QueueSetup) {
    this.free = setup.size;
    ram.u32(setup.driver, 0);
  }

  offer(buffers: readonly Buffer[], { indirect = false } = {}): number {
    const { ram, setup } = this;
    while (this.#slots.has(this.#nextId)) this.#nextId = (this.#nextId + 1) % setup.size;
    const id = this.#nextId;
    const entries = indirect
      ? [{ gpa: TABLES + id * TABLE_BYTES, length: 16 * buffers.length, flags: INDIRECT }]
      : buffers.map(({ gpa, length, writable }, i) => ({
        gpa,
        length,
        flags: (writable ? WRITE : 0) | (i + 1 < buffers.length ? NEXT : 0),
      }));
    if (indirect) {
      buffers.forEach(({ gpa, length, writable }, i) =>
        ram.descriptor(TABLES + id * TABLE_BYTES + 16 * i, gpa, length, 0, writable ? WRITE : 0)
      );
    }
    const first = setup.descriptors + 16 * this.#slot;
    let firstFlags = 0;
    entries.forEach(({ gpa, length, flags }, i) => {
      const state = this.#wrap ? AVAIL : USED;
      if (i === 0) firstFlags = flags | state;
      const at = setup.descriptors + 16 * this.#slot;
      ram.descriptor(at, gpa, length, id, i === 0 ? ram.u16(at + 14) : flags | state);
      if (++this.#slot === setup.size) {
        this.#slot = 0;
        this.#wrap = !this.#wrap;
      }
    });
    ram.u16(first + 14, firstFlags); // last: now the chain is available
    this.#slots.set(id, entries.length);
    this.free -= entries.length;
    return id;
  }

  reap(): Used[] {
    const { ram, setup } = this, used: Used[] = [];
    for (;;) {
      const at = setup.descriptors + 16 * this.#usedSlot, flags = ram.u16(at + 14);
      if (((flags & USED) !== 0) !== this.#usedWrap || ((flags & AVAIL) !== 0) !== this.#usedWrap) {
        return used;
      }
      const id = ram.u16(at + 12);
      used.push({ id, written: ram.u32(at + 8) });
      const slots = this.#slots.get(id) ?? 0;
      this.#slots.delete(id);
      this.free += slots;
      this.#usedSlot += slots;
      if (this.#usedSlot >= setup.size) {
        this.#usedSlot -= setup.size;
        this.#usedWrap = !this.#usedWrap;
      }
    }
  }
}
