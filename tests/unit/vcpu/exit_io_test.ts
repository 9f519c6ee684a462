import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { dispatch } from "../../../src/vcpu/run_loop.ts";
import { attached, Recorder } from "../bus/fakes.ts";
import { DATA_OFFSET, FakeVcpu, memory, port, type Step } from "./fake_vcpu.ts";

/** One exit with a device at ports 0x100–0x10f and at 0xd0000000–0xd000000f. */
function handle(step: Step, maxWidth: 1 | 2 | 4 = 4) {
  const fake = new FakeVcpu([]), device = new Recorder(maxWidth);
  const attachment = attached("toy", device);
  fake.ports.attach(0x100, 16, attachment);
  fake.mmio.attach(0xd000_0000, 16, attachment);
  fake.page.fill(0x5a, DATA_OFFSET);
  step(fake.kvm, fake.page);
  dispatch(fake.around);
  return { log: device.take(), data: fake.page.subarray(DATA_OFFSET), kvm: fake.kvm };
}

Deno.test("port exit: writes of 1, 2 and 4 bytes, unaligned ones too", () => {
  assertEquals(handle(port(0x101, 1, [0xff])).log, ["w1 1 ff"]);
  assertEquals(handle(port(0x101, 2, [0xcd, 0xab])).log, ["w2 1 abcd"]);
  assertEquals(handle(port(0x103, 4, [4, 3, 2, 0x81])).log, ["w4 3 81020304"]);
});

Deno.test("port exit: reads of 1, 2 and 4 bytes fill exactly their bytes", () => {
  assertEquals([...handle(port(0x102, 1, 1)).data.subarray(0, 2)], [0x12, 0x5a]);
  assertEquals([...handle(port(0x102, 2, 1)).data.subarray(0, 3)], [0x12, 0x13, 0x5a]);
  assertEquals([...handle(port(0x102, 4, 1)).data.subarray(0, 5)], [0x12, 0x13, 0x14, 0x15, 0x5a]);
  assertEquals([...handle(port(0x999, 4, 1)).data.subarray(0, 5)], [0xff, 0xff, 0xff, 0xff, 0x5a]);
});

Deno.test("port exit: a string instruction is `count` accesses to the same port, data back to back", () => {
  const text = [..."Denovisor"].map((letter) => letter.charCodeAt(0));
  assertEquals(handle(port(0x105, 1, text)).log, text.map((byte) => `w1 5 ${byte.toString(16)}`));
  assertEquals(handle(port(0x104, 2, [1, 2, 3, 4, 5, 6])).log, ["w2 4 201", "w2 4 403", "w2 4 605"]);
  assertEquals(handle(port(0x104, 4, [1, 2, 3, 4, 5, 6, 7, 8])).log, ["w4 4 4030201", "w4 4 8070605"]);
  const { log, data } = handle(port(0x102, 2, 3));
  assertEquals(log, ["r2 2", "r2 2", "r2 2"]);
  assertEquals([...data.subarray(0, 7)], [0x12, 0x13, 0x12, 0x13, 0x12, 0x13, 0x5a]);
});

Deno.test("port exit: strings of any width and count, against a model", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(1, 2, 4),
      fc.integer({ min: 1, max: 1024 }),
      fc.boolean(),
      (size, count, out) => {
        const bytes = Array.from({ length: size * count }, (_, i) => i * 7 & 0xff);
        const { log, data } = handle(out ? port(0x100, size, bytes) : port(0x100, size, count));
        assertEquals(log.length, count);
        if (out) return;
        const element = [0x10, 0x11, 0x12, 0x13].slice(0, size);
        assertEquals(
          [...data.subarray(0, size * count)],
          Array.from({ length: count }, () => element).flat(),
        );
        assertEquals(data[size * count], 0x5a);
      },
    ),
    { numRuns: 40 },
  );
});

Deno.test("memory exit: 1, 2, 4 and 8 bytes, to a device and to nobody", () => {
  assertEquals(handle(memory(0xd000_0001, [7])).log, ["w1 1 7"]);
  assertEquals(handle(memory(0xd000_0008, [1, 2, 3, 4, 5, 6, 7, 8])).log, ["w4 8 4030201", "w4 12 8070605"]);
  const read = (gpa: number, length: number) => {
    const { kvm } = handle(memory(gpa, length));
    return [...kvm.exit.mmio.data.subarray(0, length)];
  };
  assertEquals(read(0xd000_0004, 1), [0x14]);
  assertEquals(read(0xd000_0004, 2), [0x14, 0x15]);
  assertEquals(read(0xd000_0004, 4), [0x14, 0x15, 0x16, 0x17]);
  assertEquals(read(0xd000_0004, 8), [0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x1b]);
  for (const length of [1, 2, 4, 8]) {
    assertEquals(read(0xffff_ffff_f000, length), new Array(length).fill(0xff));
  }
});

Deno.test("memory exit: a length that no KVM gives stays inside the exit's eight bytes", () => {
  const { kvm } = handle(memory(0xe000_0000, 0xffff_ffff));
  assertEquals([...kvm.exit.mmio.data], new Array(8).fill(0xff));
  assertEquals([kvm.exit.mmio.len, kvm.exit.mmio.is_write], [0xffff_ffff, 0]);
});
