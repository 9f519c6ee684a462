/**
 * ioctl request numbers, computed as `include/uapi/asm-generic/ioctl.h` does: direction in bits 30–31, the argument's
 * size in bits 16–29, the type in bits 8–15 and the number in bits 0–7.
 *
 * @module
 */

const WRITE = 1; // _IOC_WRITE: user space writes, the kernel reads
const READ = 2; // _IOC_READ: the kernel writes, user space reads

/** Anything with a size in bytes: a struct of `layout.ts`, or a scalar. */
export interface Sized {
  readonly size: number;
}

function request(direction: number, type: number, number: number, size: number): number {
  if (size >= 1 << 14) throw new RangeError(`ioctl argument of ${size} bytes: the field has 14 bits`);
  return ((direction << 30) | (size << 16) | (type << 8) | number) >>> 0;
}

/** `_IO(type, number)`: no argument, or an integer instead of a pointer. */
export function io(type: number, number: number): number {
  return request(0, type, number, 0);
}

/** `_IOW(type, number, argument)`: the kernel reads the argument. */
export function iow(type: number, number: number, argument: Sized): number {
  return request(WRITE, type, number, argument.size);
}

/** `_IOR(type, number, argument)`: the kernel fills the argument. */
export function ior(type: number, number: number, argument: Sized): number {
  return request(READ, type, number, argument.size);
}

/** `_IOWR(type, number, argument)`: both. */
export function iowr(type: number, number: number, argument: Sized): number {
  return request(READ | WRITE, type, number, argument.size);
}
