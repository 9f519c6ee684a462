/**
 * pvpanic: the port by which a guest tells that it has panicked.
 *
 * @module
 */
import type { GuestRequests, IoDevice } from "../bus/device.ts";

/** Events (QEMU's docs/specs/pvpanic.rst, uapi/misc/pvpanic.h). */
export const PVPANIC = {
  PANICKED: 0x01,
  /** The guest has started a crash kernel and goes on. */
  CRASH_LOADED: 0x02,
} as const;

/** The device. Reading gives the events that it understands; writing tells of one. */
export class PvPanic implements IoDevice {
  readonly maxWidth = 1;

  /** Covers 1 offset. */
  constructor(private readonly requests: GuestRequests) {}

  read(_offset: number, _width: number): number {
    return PVPANIC.PANICKED | PVPANIC.CRASH_LOADED;
  }

  write(_offset: number, _width: number, value: number): void {
    if ((value & PVPANIC.PANICKED) !== 0) this.requests.request("panic");
    else if ((value & PVPANIC.CRASH_LOADED) !== 0) this.requests.request("crash-loaded");
  }
}
