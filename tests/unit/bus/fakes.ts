/** Devices that remember what was done to them, and attachments around them. */
import { Attachment } from "../../../src/bus/attachment.ts";
import type { IoDevice } from "../../../src/bus/device.ts";
import { Lock } from "../../../src/state/lock.ts";

/** Answers each read with a value made of its offset, and notes every access. */
export class Recorder implements IoDevice {
  /** `r<width> <offset>` and `w<width> <offset> <value in hex>`. */
  readonly log: string[] = [];

  constructor(readonly maxWidth: 1 | 2 | 4, private readonly seed = 0) {}

  read(offset: number, width: number): number {
    this.log.push(`r${width} ${offset}`);
    let value = 0;
    for (let i = width - 1; i >= 0; i--) value = value * 256 + this.byteAt(offset + i);
    return value;
  }

  write(offset: number, width: number, value: number): void {
    this.log.push(`w${width} ${offset} ${value.toString(16)}`);
  }

  /** What the byte at an offset reads as. */
  byteAt(offset: number): number {
    return (0x10 + this.seed + offset) & 0xff;
  }

  /** The log, emptied. */
  take(): string[] {
    return this.log.splice(0);
  }
}

/** A device with a lock and a broken flag of its own. */
export function attached<D extends IoDevice>(
  name: string,
  device: D,
  onBroken: (name: string, error: unknown) => void = () => {},
): Attachment<D> {
  const words = new Int32Array(new SharedArrayBuffer(8));
  return new Attachment(name, device, new Lock(words, 0), words, 1, onBroken);
}
