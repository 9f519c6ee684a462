/**
 * The debug console of Bochs and QEMU at port 0xe9: a byte written is a byte printed.
 *
 * @module
 */
import type { IoDevice } from "../bus/device.ts";

/** What a read gives: how guests tell that the console is there (Bochs documentation, "port_e9_hack"). */
const PRESENT = 0xe9;

/** Where the bytes go. A `ByteRing` fits as it is. */
export interface ConsoleSink {
  /** Bytes not yet taken. */
  readonly length: number;
  /** Takes a byte; false when full: the byte is lost, as the port has no way to make a guest wait. */
  push(byte: number): boolean;
}

/** The port. */
export class DebugConsole implements IoDevice {
  readonly maxWidth = 1;

  /**
   * Covers 1 offset.
   * @param wake called when the sink was empty and has a byte now; must not block
   */
  constructor(private readonly sink: ConsoleSink, private readonly wake: () => void) {}

  read(_offset: number, _width: number): number {
    return PRESENT;
  }

  write(_offset: number, _width: number, value: number): void {
    this.sink.push(value & 0xff);
    if (this.sink.length === 1) this.wake();
  }
}
