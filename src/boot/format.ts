/**
 * How the loaders print addresses and sizes in their messages.
 *
 * @module
 */

const MIB = 1024 * 1024;

/** An address as C writes it: `0x100000`. */
export function hex(value: number): string {
  return `0x${value.toString(16)}`;
}

/** A half-open range of addresses: `0x100000…0x200000`. */
export function hexRange(start: number, size: number): string {
  return `${hex(start)}…${hex(start + size)}`;
}

/** A size for people, rounded up to tenths: `12 bytes`, `1.5 KiB`, `64 MiB`, `3 GiB`. */
export function byteSize(bytes: number): string {
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
  let value = bytes, unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${Math.ceil(value * 10) / 10} ${units[unit]}`;
}

/** The least whole number of MiB that holds `bytes`, as the `memory` setting takes it. */
export function wholeMib(bytes: number): string {
  return `${Math.ceil(bytes / MIB)} MiB`;
}
