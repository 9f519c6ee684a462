/**
 * A descriptor, as it lies in guest memory: 16 bytes (virtio 1.3, 2.7.5 and 2.8.13).
 *
 * @module
 */

import { QueueError } from "./errors.ts";
import type { RamAccess } from "./ram_access.ts";

/** Bytes of one descriptor. */
export const DESCRIPTOR_BYTES = 16;

/** Flags of both kinds of rings; AVAIL and USED are those of packed ones. */
export const DESCRIPTOR_FLAG = { NEXT: 1, WRITE: 2, INDIRECT: 4, AVAIL: 1 << 7, USED: 1 << 15 } as const;

/** A private copy of one descriptor: what the guest changes afterwards changes nothing. */
export class Descriptor {
  /** Guest-physical address; one past 2^53 is no RAM whatever its low bits are. */
  address = 0;
  /** Bytes. */
  length = 0;
  flags = 0;
  /** Split rings: index of the next one. */
  next = 0;
  /** Packed rings: the buffer's id. */
  id = 0;

  /** Copies a split ring's descriptor. Throws QueueError if it is not in RAM. */
  load(ram: RamAccess, gpa: number): void {
    const view = ram.view(gpa, DESCRIPTOR_BYTES), at = ram.offset(gpa);
    this.#buffer(view, at);
    this.flags = view.getUint16(at + 12, true);
    this.next = view.getUint16(at + 14, true);
  }

  /** Copies a packed ring's descriptor, but for its flags, which were read before. */
  loadPacked(view: DataView, at: number, flags: number): void {
    this.#buffer(view, at);
    this.id = view.getUint16(at + 12, true);
    this.flags = flags;
  }

  /** How many descriptors an indirect table has. Throws QueueError if it is not a whole number of them. */
  tableEntries(): number {
    if (this.length === 0 || this.length % DESCRIPTOR_BYTES !== 0) {
      throw new QueueError(`an indirect table of ${this.length} bytes`);
    }
    return this.length / DESCRIPTOR_BYTES;
  }

  #buffer(view: DataView, at: number): void {
    this.address = view.getUint32(at, true) + view.getUint32(at + 4, true) * 0x1_0000_0000;
    this.length = view.getUint32(at + 8, true);
  }
}
