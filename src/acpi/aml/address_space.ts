/**
 * Address space descriptors: ranges of memory, I/O ports or bus numbers with a width of 16, 32 or 64 bits, as
 * bridges and devices above 4 GiB describe them (ACPI 6.5 §6.4.3.5).
 *
 * @module
 */

import { littleEndian } from "./encode.ts";
import { largeResource, type Resource } from "./resources.ts";

/** Resource types (ACPI 6.5 §6.4.3.5.1). */
const MEMORY = 0;
const IO = 1;
const BUS_NUMBER = 2;

/** General flags (ACPI 6.5 §6.4.3.5.1): used by the device itself; both ends fixed. Positive decode is 0. */
const CONSUMER = 1;
const MIN_FIXED = 1 << 2;
const MAX_FIXED = 1 << 3;

/** Type-specific flags (ACPI 6.5 §6.4.3.5.5): all ports, ISA and other; memory that can be written. */
const IO_ENTIRE_RANGE = 3;
const MEMORY_WRITABLE = 1;
const MEMORY_CACHING = { nonCacheable: 0, cacheable: 1, writeCombining: 2, prefetchable: 3 } as const;

/** How a range of memory is used. */
export interface MemoryOptions {
  /** A bridge passes the range on to devices behind it. Otherwise the device itself is found there. */
  readonly window?: boolean;
  /** How the processor may cache it: not at all unless given. */
  readonly caching?: "nonCacheable" | "cacheable" | "writeCombining" | "prefetchable";
}

/** A descriptor of `length` from `min` on, in fields of `width` bytes. */
function addressSpace(
  width: 2 | 4 | 8,
  type: number,
  flags: { general: number; specific: number },
  min: number | bigint,
  length: number | bigint,
): Resource {
  const tag = { 2: 0x88, 4: 0x87, 8: 0x8a }[width];
  const max = BigInt(min) + BigInt(length) - 1n;
  // Granularity 0: any address. Translation 0: the same address on both sides of a bridge.
  const numbers = [0, min, max, 0, length].map((value) => littleEndian(value, width));
  return largeResource(tag, type, MIN_FIXED | MAX_FIXED | flags.general, flags.specific, ...numbers);
}

function memoryFlags(options: MemoryOptions): { general: number; specific: number } {
  return {
    general: options.window ? 0 : CONSUMER,
    specific: MEMORY_WRITABLE | (MEMORY_CACHING[options.caching ?? "nonCacheable"] << 1),
  };
}

/** Bus numbers behind a bridge. */
export function wordBusNumber(first: number, count: number): Resource {
  return addressSpace(2, BUS_NUMBER, { general: 0, specific: 0 }, first, count);
}

/** I/O ports that a bridge passes on: fewer than 64 Ki. */
export function wordIo(port: number, length: number): Resource {
  return addressSpace(2, IO, { general: 0, specific: IO_ENTIRE_RANGE }, port, length);
}

/** Memory below 4 GiB, readable and writable. */
export function dwordMemory(address: number, length: number, options: MemoryOptions = {}): Resource {
  return addressSpace(4, MEMORY, memoryFlags(options), address, length);
}

/** Memory anywhere, readable and writable. */
export function qwordMemory(
  address: number | bigint,
  length: number | bigint,
  options: MemoryOptions = {},
): Resource {
  return addressSpace(8, MEMORY, memoryFlags(options), address, length);
}
