/**
 * QEMU's isa-debug-exit: a guest ends its machine with a status, as test kernels do.
 *
 * @module
 */
import type { GuestRequests, IoDevice } from "../bus/device.ts";

/** Ports that the device takes, by the custom of `iobase=0xf4,iosize=0x04`. */
export const DEBUG_EXIT_PORTS = 4;

/**
 * The process's exit status for a value written: `(value << 1) | 1`, as in QEMU's hw/misc/debugexit.c, of which an
 * operating system keeps 8 bits. It is odd, so it never is 0: guests report success by an agreed value.
 */
export function debugExitStatus(value: number): number {
  return ((value << 1) | 1) & 0xff;
}

/** The device: any write to it requests "debug-exit" with the value written. Reads give 0. */
export class DebugExit implements IoDevice {
  readonly maxWidth = 4;

  /** Covers {@link DEBUG_EXIT_PORTS} offsets. */
  constructor(private readonly requests: GuestRequests) {}

  read(_offset: number, _width: number): number {
    return 0;
  }

  write(_offset: number, _width: number, value: number): void {
    this.requests.request("debug-exit", value >>> 0);
  }
}
