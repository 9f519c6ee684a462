/**
 * Ports that exist and do nothing.
 *
 * @module
 */
import type { IoDevice } from "../bus/device.ts";

/**
 * Swallows writes and floats on reads, over as many offsets as it is given: for ports that guests probe and that would
 * fill a trace of unclaimed accesses.
 */
export class NullPort implements IoDevice {
  readonly maxWidth = 4;

  read(_offset: number, width: number): number {
    return width === 4 ? 0xffff_ffff : (1 << (8 * width)) - 1;
  }

  write(_offset: number, _width: number, _value: number): void {}
}
