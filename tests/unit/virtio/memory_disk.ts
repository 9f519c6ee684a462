/** A disk in memory, and requests to a block device by a driver of either ring. */
import { assertEquals } from "@std/assert";
import type { IoVector } from "../../../ffi/iovec.ts";
import type { DiskImage } from "../../../src/disk/disk_image.ts";
import { SECTOR } from "../../../src/virtio/block/config.ts";
import { BASE, type FakeDriver, type FakeRam } from "./fake_driver.ts";

/** A disk that can be made to fail. */
export class MemoryDisk implements DiskImage {
  readonly path = "memory";
  readonly format = "raw";
  readonly bytes: Uint8Array<ArrayBuffer>;
  flushes = 0;
  errno = 0;
  constructor(sectors: number, readonly readOnly = false) {
    this.bytes = new Uint8Array(sectors * SECTOR);
  }
  get size(): number {
    return this.bytes.length;
  }
  read(offset: number, into: IoVector): number {
    if (this.errno === 0) into.copyFrom(0, this.bytes.slice(offset, offset + into.bytes));
    return this.errno;
  }
  write(offset: number, from: IoVector): number {
    const bytes = new Uint8Array(from.bytes);
    from.copyTo(0, bytes);
    if (this.errno === 0) this.bytes.set(bytes, offset);
    return this.errno;
  }
  flush(): number {
    this.flushes++;
    return this.errno;
  }
  discard(offset: number, length: number): number {
    this.bytes.fill(0xdd, offset, offset + length);
    return this.errno;
  }
  writeZeroes(offset: number, length: number): number {
    this.bytes.fill(0, offset, offset + length);
    return this.errno;
  }
  refreshSize(): number {
    return 0;
  }
  [Symbol.dispose](): void {}
}

const DATA = BASE + 0x2_0000, STATUS_BYTE = BASE + 0x3_f000;

/** A request's answer, and what was read. */
export interface Answer {
  readonly answer: number;
  readonly read: Uint8Array;
}

/** Offers one request; `data` is to be written to the disk, or `length` bytes read. */
export function offerRequest(
  ram: FakeRam,
  driver: FakeDriver,
  type: number,
  sector: number,
  data: Uint8Array | number,
): void {
  const header = DATA - 64;
  ram.u32(header, type);
  ram.u32(header + 8, sector % 2 ** 32);
  ram.u32(header + 12, Math.floor(sector / 2 ** 32));
  ram.bytes[STATUS_BYTE - BASE] = 0xee;
  const length = typeof data === "number" ? data : data.length;
  if (typeof data !== "number") ram.bytes.set(data, DATA - BASE);
  const half = Math.floor(length / 2);
  const writable = typeof data === "number";
  driver.offer([
    { gpa: header, length: 16, writable: false },
    ...(length === 0
      ? []
      : [{ gpa: DATA, length: half, writable }, { gpa: DATA + half, length: length - half, writable }]),
    { gpa: STATUS_BYTE, length: 1, writable: true },
  ], { indirect: sector % 2 === 1 });
}

/** Takes the answer to a request for so many bytes. */
export function takeAnswer(ram: FakeRam, driver: FakeDriver, length: number): Answer {
  assertEquals(driver.reap().length, 1);
  return {
    answer: ram.bytes[STATUS_BYTE - BASE]!,
    read: ram.bytes.slice(DATA - BASE, DATA - BASE + length),
  };
}

/** Bytes to recognize. */
export function pattern(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 7 + seed) & 0xff);
}
