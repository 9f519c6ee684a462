import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { MmioBus } from "../../../src/bus/mmio_bus.ts";
import { attached, Recorder } from "./fakes.ts";

/** Where the data of an access lies in its page: not at its start, and at an odd offset. */
const AT = 3;

function rig() {
  const bus = new MmioBus(), page = new DataView(new ArrayBuffer(16));
  const bytes = new Uint8Array(page.buffer);
  return {
    bus,
    /** Reads, and checks that nothing else in the page changed. */
    read(gpa: number, length: number): number[] {
      bytes.fill(0x5a);
      bus.access(gpa, page, AT, length, false);
      const outside = [...bytes.subarray(0, AT), ...bytes.subarray(AT + length)];
      assertEquals(outside.every((byte) => byte === 0x5a), true, "bytes around the data");
      return [...bytes.subarray(AT, AT + length)];
    },
    write(gpa: number, ...data: number[]): void {
      bytes.set(data, AT);
      bus.access(gpa, page, AT, data.length, true);
    },
  };
}

Deno.test("mmio bus: nobody's addresses read all ones at 1, 2, 4 and 8 bytes, and swallow writes", () => {
  const { read, write } = rig();
  for (const length of [1, 2, 4, 8]) {
    assertEquals(read(0xd000_0001, length), new Array(length).fill(0xff));
    write(0xd000_0001, ...new Array(length).fill(1));
  }
});

Deno.test("mmio bus: a device sees offsets, little-endian values, and 8 bytes as two accesses", () => {
  const { bus, read, write } = rig(), device = new Recorder(4);
  bus.attach(0xd000_0000, 0x100, attached("a", device));
  assertEquals(read(0xd000_0010, 1), [0x20]);
  assertEquals(read(0xd000_0010, 2), [0x20, 0x21]);
  assertEquals(read(0xd000_0010, 4), [0x20, 0x21, 0x22, 0x23]);
  assertEquals(read(0xd000_0010, 8), [0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27]);
  assertEquals(device.take(), ["r1 16", "r2 16", "r4 16", "r4 16", "r4 20"]);
  write(0xd000_0004, 0x11, 0x22, 0x33, 0xf4);
  write(0xd000_0000, 1, 2, 3, 4, 5, 6, 7, 0x88);
  write(0xd000_00ff, 0x77);
  write(0xd000_0001, 1, 2, 3);
  assertEquals(device.take(), [
    "w4 4 f4332211",
    "w4 0 4030201",
    "w4 4 88070605",
    "w1 255 77",
    "w2 1 201",
    "w1 3 3",
  ]);
});

Deno.test("mmio bus: narrow devices get narrow accesses", () => {
  const { bus, read } = rig(), device = new Recorder(2);
  bus.attach(0x1_0000_0000, 0x10, attached("high", device));
  assertEquals(read(0x1_0000_0002, 4), [0x12, 0x13, 0x14, 0x15]);
  assertEquals(device.take(), ["r2 2", "r2 4"]);
});

Deno.test("mmio bus: an access across both ends of a device reaches it and its neighbours only", () => {
  const { bus, read, write } = rig(), a = new Recorder(4), b = new Recorder(4, 0x80);
  bus.attach(0xd000_0002, 2, attached("a", a));
  bus.attach(0xd000_0006, 8, attached("b", b));
  assertEquals(read(0xd000_0000, 8), [0xff, 0xff, 0x10, 0x11, 0xff, 0xff, 0x90, 0x91]);
  assertEquals([a.take(), b.take()], [["r2 0"], ["r2 0"]]);
  write(0xd000_0003, 1, 2, 3, 4, 5, 6, 7, 8);
  assertEquals([a.take(), b.take()], [["w1 1 1"], ["w4 0 7060504", "w1 4 8"]]);
});

Deno.test("mmio bus: finds each of many devices, in any order of asking", () => {
  const { bus, read } = rig();
  const bases = [5, 0, 9, 3, 1, 7].map((n) => 0xd000_0000 + n * 0x1000);
  bases.forEach((base, i) => bus.attach(base, 0x1000, attached(`d${i}`, new Recorder(4, i * 16))));
  fc.assert(fc.property(fc.nat(10), fc.nat(0xfff), (n, offset) => {
    const i = bases.indexOf(0xd000_0000 + n * 0x1000);
    const expected = i < 0 ? 0xff : (0x10 + i * 16 + offset) & 0xff;
    assertEquals(read(0xd000_0000 + n * 0x1000 + offset, 1), [expected]);
  }));
});

Deno.test("mmio bus: overlaps are refused, neighbours are not", () => {
  const { bus } = rig(), attachment = attached("a", new Recorder(4));
  bus.attach(0x1000, 0x1000, attachment);
  bus.attach(0x2000, 0x1000, attachment);
  assertThrows(() => bus.attach(0x1fff, 2, attachment), RangeError, "a: 0x1fff overlaps a");
  assertThrows(() => bus.attach(0, 0x1001, attachment), RangeError);
  assertThrows(() => bus.attach(0x1800, 1, attachment), RangeError);
});
