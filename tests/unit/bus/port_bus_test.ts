import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { PortBus } from "../../../src/bus/port_bus.ts";
import { attached, Recorder } from "./fakes.ts";

const WIDTHS = [1, 2, 4] as const;

Deno.test("port bus: unclaimed ports read all ones of each width and swallow writes", () => {
  const bus = new PortBus();
  for (const port of [0, 0x80, 0x3f8, 0xfffd, 0xffff]) {
    assertEquals(WIDTHS.map((width) => bus.read(port, width)), [0xff, 0xffff, 0xffff_ffff]);
    for (const width of WIDTHS) bus.write(port, width, 0xffff_ffff);
  }
});

Deno.test("port bus: a device sees offsets from its base, and whole accesses up to its width", () => {
  const bus = new PortBus(), device = new Recorder(4);
  bus.attach(0x100, 8, attached("a", device));
  assertEquals(bus.read(0x100, 1), 0x10);
  assertEquals(bus.read(0x102, 2), 0x1312);
  assertEquals(bus.read(0x103, 4), 0x16151413, "unaligned is whole too");
  bus.write(0x104, 4, 0x8765_4321);
  bus.write(0x107, 1, 0x1ff);
  assertEquals(device.take(), ["r1 0", "r2 2", "r4 3", "w4 4 87654321", "w1 7 ff"]);
});

Deno.test("port bus: what is wider than the device becomes consecutive accesses, lowest offset first", () => {
  const bus = new PortBus(), narrow = new Recorder(1), middle = new Recorder(2, 0xe0);
  bus.attach(0x200, 8, attached("narrow", narrow));
  bus.attach(0x300, 8, attached("middle", middle));
  assertEquals(bus.read(0x200, 4), 0x13121110);
  bus.write(0x201, 2, 0xabcd);
  assertEquals(narrow.take(), ["r1 0", "r1 1", "r1 2", "r1 3", "w1 1 cd", "w1 2 ab"]);
  assertEquals(bus.read(0x300, 4), 0xf3f2f1f0, "unsigned, though the top bit is set");
  bus.write(0x302, 4, 0x89ab_cdef);
  assertEquals(middle.take(), ["r2 0", "r2 2", "w2 2 cdef", "w2 4 89ab"]);
});

Deno.test("port bus: an access across a device's end goes to its neighbour, or to nobody", () => {
  const bus = new PortBus(), left = new Recorder(4), right = new Recorder(4, 0x40);
  bus.attach(0x400, 2, attached("left", left));
  bus.attach(0x402, 1, attached("right", right));
  assertEquals(bus.read(0x401, 4), 0xff_ff_50_11);
  bus.write(0x3ff, 4, 0x4433_2211);
  assertEquals(left.take(), ["r1 1", "w1 0 22", "w1 1 33"]);
  assertEquals(right.take(), ["r1 0", "w1 0 44"]);
});

Deno.test("port bus: the last port wraps to the first, as 16 bits of address do", () => {
  const bus = new PortBus(), low = new Recorder(4), high = new Recorder(4, 0x50);
  bus.attach(0, 1, attached("low", low));
  bus.attach(0xffff, 1, attached("high", high));
  assertEquals(bus.read(0xffff, 2), 0x1060);
  bus.write(0xfffe, 4, 0x4433_2211);
  assertEquals([low.take(), high.take()], [["r1 0", "w1 0 33"], ["r1 0", "w1 0 22"]]);
});

Deno.test("port bus: one device may have several ranges with offsets of its own", () => {
  const bus = new PortBus(), device = new Recorder(1), attachment = attached("split", device);
  bus.attach(0x60, 1, attachment, 0);
  bus.attach(0x64, 1, attachment, 4);
  assertEquals([bus.read(0x60, 1), bus.read(0x64, 1)], [0x10, 0x14]);
  bus.write(0x62, 4, 0x4433_2211);
  assertEquals(device.take(), ["r1 0", "r1 4", "w1 4 33"]);
});

Deno.test("port bus: ranges that overlap or leave the 64 Ki ports are refused", () => {
  const bus = new PortBus(), attachment = attached("com1", new Recorder(1));
  bus.attach(0x3f8, 8, attachment);
  assertThrows(() => bus.attach(0x3f0, 9, attachment), RangeError, "com1: port 0x3f8 is taken");
  assertThrows(() => bus.attach(0x3ff, 1, attachment), RangeError, "0x3ff");
  assertThrows(() => bus.attach(0xfff9, 8, attachment), RangeError);
  assertEquals(bus.read(0x3f0, 1), 0xff, "a refused range claims nothing");
});

Deno.test("port bus: every access does what its single bytes would", () => {
  const range = fc.record({
    base: fc.nat(60),
    length: fc.integer({ min: 1, max: 8 }),
    maxWidth: fc.constantFrom(...WIDTHS),
  });
  fc.assert(
    fc.property(
      fc.array(range, { maxLength: 6 }),
      fc.nat(64),
      fc.constantFrom(...WIDTHS),
      (ranges, port, width) => {
        const bus = new PortBus(), bytes = new Array<number>(80).fill(0xff);
        ranges.forEach(({ base, length, maxWidth }, i) => {
          const device = new Recorder(maxWidth, 16 * i);
          try {
            bus.attach(base, length, attached(`d${i}`, device));
          } catch {
            return; // it overlaps
          }
          for (let k = 0; k < length; k++) bytes[base + k] = device.byteAt(k);
        });
        let expected = 0;
        for (let i = width - 1; i >= 0; i--) expected = expected * 256 + bytes[port + i]!;
        assertEquals(bus.read(port, width), expected);
      },
    ),
  );
});

Deno.test("port bus: a device around another's port takes accesses whole that begin and end in its own", () => {
  const bus = new PortBus(), around = new Recorder(4), between = new Recorder(1, 0xe0);
  const attachment = attached("around", around);
  bus.attach(0xcf8, 1, attachment);
  bus.attach(0xcf9, 1, attached("between", between));
  bus.attach(0xcfa, 6, attachment, 2);
  assertEquals(bus.read(0xcf8, 4), 0x13121110);
  assertEquals(bus.read(0xcf8, 2), 0xf010);
  bus.write(0xcf9, 2, 0x1234);
  bus.write(0xcfc, 4, 0x8765_4321);
  assertEquals(around.take(), ["r4 0", "r1 0", "w1 2 12", "w4 4 87654321"]);
  assertEquals(between.take(), ["r1 0", "w1 0 34"]);
});
