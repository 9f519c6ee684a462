/**
 * The 64 Ki I/O ports.
 *
 * @module
 */

import type { Attachment } from "./attachment.ts";

/** Attachments are numbered in a byte. */
const MAX_ATTACHMENTS = 255;

/** What an unclaimed port reads as, for each width in bytes. */
const FLOATING = [0, 0xff, 0xffff, 0, 0xffff_ffff] as const;

/** Routes port accesses to devices: one table look-up each. */
export class PortBus {
  /** For each port the number of its attachment, 0 for nobody. */
  readonly #owner = new Uint8Array(0x1_0000);
  readonly #attachments: Attachment[] = [];
  readonly #bases: number[] = [];

  /**
   * Gives the ports `base` … `base + length − 1` to a device, as its offsets from `firstOffset` on. Throws RangeError
   * if one is taken.
   *
   * A device may have several ranges with another's ports between them (PCI's address register around the reset
   * control register): an access that begins and ends in its own ports is the device's whole, narrower ones go by port.
   */
  attach(base: number, length: number, attachment: Attachment, firstOffset = 0): void {
    const taken = this.#owner.subarray(base, base + length).findIndex((owner) => owner !== 0);
    if (taken >= 0 || base + length > 0x1_0000) {
      throw new RangeError(`${attachment.name}: port 0x${(base + Math.max(0, taken)).toString(16)} is taken`);
    }
    this.#owner.fill(this.#number(attachment, base - firstOffset), base, base + length);
  }

  /** The number of an attachment whose offset 0 is at port `base`: the one that it has, or a new one. */
  #number(attachment: Attachment, base: number): number {
    const known = this.#attachments.findIndex((other, i) => other === attachment && this.#bases[i] === base);
    if (known >= 0) return known + 1;
    if (this.#attachments.length === MAX_ATTACHMENTS) {
      throw new RangeError("more devices than the port bus numbers");
    }
    this.#bases.push(base);
    return this.#attachments.push(attachment);
  }

  /** Reads `width` (1, 2 or 4) bytes; unclaimed ports read as all ones. */
  read(port: number, width: number): number {
    const number = this.#owner[port & 0xffff]!;
    if (number !== 0) {
      const attachment = this.#attachments[number - 1]!;
      if (this.#whole(number, port, width, attachment)) {
        return (attachment.read(port - this.#bases[number - 1]!, width) & FLOATING[width as 1 | 2 | 4]) >>> 0;
      }
    } else if (width === 1) return 0xff;
    // As on ISA: an access that its device is too narrow for becomes consecutive ones, to whoever owns those ports.
    const half = width >> 1;
    return (this.read(port, half) | (this.read((port + half) & 0xffff, half) << (8 * half))) >>> 0;
  }

  /** Writes `width` (1, 2 or 4) bytes; unclaimed ports swallow them. */
  write(port: number, width: number, value: number): void {
    const number = this.#owner[port & 0xffff]!;
    if (number !== 0) {
      const attachment = this.#attachments[number - 1]!;
      if (this.#whole(number, port, width, attachment)) {
        attachment.write(
          port - this.#bases[number - 1]!,
          width,
          (value & FLOATING[width as 1 | 2 | 4]) >>> 0,
        );
        return;
      }
    } else if (width === 1) return;
    const half = width >> 1;
    this.write(port, half, value);
    this.write((port + half) & 0xffff, half, value >>> (8 * half));
  }

  /** True if one device takes the access as it is. */
  #whole(number: number, port: number, width: number, attachment: Attachment): boolean {
    return width === 1 ||
      (width <= attachment.device.maxWidth && this.#owner[(port + width - 1) & 0xffff] === number);
  }
}
