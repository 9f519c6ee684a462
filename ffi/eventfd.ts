/**
 * Event counters of the kernel, to wake a thread that sleeps in poll(2).
 *
 * @module
 */

import { OwnedFd } from "./fd.ts";
import { check, libc } from "./libc.ts";

/** EFD_CLOEXEC | EFD_NONBLOCK, `sys/eventfd.h`: an overflowing or empty counter fails instead of blocking. */
export const EFD_FLAGS = 0o2000000 | 0o4000;

/** A new eventfd, counting from 0. */
export function createEventFd(): OwnedFd {
  return new OwnedFd(check(libc().eventfd(0, EFD_FLAGS), "eventfd"));
}

/** Adds 1. */
export function signalEventFd(fd: number): void {
  libc().write(fd, ONE, 8n);
}

/** Sets the counter back to 0. */
export function clearEventFd(fd: number): void {
  libc().read(fd, new Uint8Array(8), 8n);
}

const ONE = new Uint8Array(new BigUint64Array([1n]).buffer);
