/**
 * Resource templates: what a device's `_CRS` yields (ACPI 6.5 §6.4).
 *
 * @module
 */

import { buffer } from "./data.ts";
import { type AmlNode, join, littleEndian } from "./encode.ts";

/** One resource descriptor, encoded. */
export type Resource = Uint8Array;

/** Small descriptors: name in bits 3–6, length in bits 0–2 (ACPI 6.5 §6.4.2). */
const SMALL_IRQ_NO_FLAGS = 0x22;
const SMALL_IRQ = 0x23;
const SMALL_IO = 0x47;
const SMALL_END = 0x79;
/** Large descriptors, two bytes of length behind (ACPI 6.5 §6.4.3). */
const LARGE_MEMORY32_FIXED = 0x86;
const LARGE_INTERRUPT = 0x89;

/** A list of resources as the buffer that `_CRS` is. The end tag's checksum of 0 means "not checked" (§6.4.2.9). */
export function resourceTemplate(resources: readonly Resource[]): AmlNode {
  return buffer(join([...resources, SMALL_END, 0]));
}

/** A large descriptor: tag, length of the rest, the rest. */
export function largeResource(tag: number, ...parts: readonly (number | Uint8Array)[]): Resource {
  const body = join(parts);
  return join([tag, littleEndian(body.length, 2), body]);
}

/** `length` I/O ports from `port` on, all sixteen address bits decoded (ACPI 6.5 §6.4.2.5). */
export function io(port: number, length: number, alignment = 1): Resource {
  const DECODES_16_BITS = 1;
  const start = littleEndian(port, 2);
  return join([SMALL_IO, DECODES_16_BITS, start, start, littleEndian(alignment, 1), littleEndian(length, 1)]);
}

/** How an interrupt line is driven. Edge, active high and exclusive unless said otherwise. */
export interface InterruptOptions {
  /** Level-triggered instead of edge-triggered. */
  readonly level?: boolean;
  /** Active low instead of high. */
  readonly activeLow?: boolean;
  /** Other devices raise it too. */
  readonly shared?: boolean;
}

/** An ISA interrupt line, 0 to 15 (ACPI 6.5 §6.4.2.1). Without options it takes the form without flags. */
export function irq(line: number, options?: InterruptOptions): Resource {
  const mask = littleEndian(2 ** line, 2);
  if (options === undefined) return join([SMALL_IRQ_NO_FLAGS, mask]);
  // Unlike the extended descriptor's, bit 0 is set for edge.
  const flags = (options.level ? 0 : 1) | (options.activeLow ? 1 << 3 : 0) | (options.shared ? 1 << 4 : 0);
  return join([SMALL_IRQ, mask, flags]);
}

/** A global system interrupt that the device raises (ACPI 6.5 §6.4.3.6). */
export function interrupt(gsi: number, options: InterruptOptions = {}): Resource {
  const CONSUMER = 1;
  const flags = CONSUMER | (options.level ? 0 : 1 << 1) | (options.activeLow ? 1 << 2 : 0) |
    (options.shared ? 1 << 3 : 0);
  const count = 1;
  return largeResource(LARGE_INTERRUPT, flags, count, littleEndian(gsi, 4));
}

/** `length` bytes of memory at a fixed address below 4 GiB, readable and writable (ACPI 6.5 §6.4.3.4). */
export function memory32Fixed(address: number, length: number): Resource {
  const WRITABLE = 1;
  return largeResource(LARGE_MEMORY32_FIXED, WRITABLE, littleEndian(address, 4), littleEndian(length, 4));
}
