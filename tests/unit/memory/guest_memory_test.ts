import { assertEquals, assertThrows } from "@std/assert";
import { GPA } from "../../../src/board/addresses.ts";
import { MappedRam } from "../../../src/memory/guest_memory.ts";
import { ramRegions } from "../../../src/memory/layout.ts";

const GIB = 2 ** 30;

Deno.test("ram layout: all below the hole, or the rest from 4 GiB on", () => {
  assertEquals(ramRegions(16 * 2 ** 20), [{ gpa: 0, size: 16 * 2 ** 20 }]);
  assertEquals(ramRegions(3 * GIB), [{ gpa: 0, size: 3 * GIB }]);
  assertEquals(ramRegions(3 * GIB + 4096), [{ gpa: 0, size: 3 * GIB }, { gpa: GPA.HOLE_END, size: 4096 }]);
  assertEquals(ramRegions(64 * GIB)[1], { gpa: 4 * GIB, size: 61 * GIB });
});

Deno.test("guest ram: a view is the bytes themselves, at their place in the memory behind", () => {
  const low = new ArrayBuffer(64), high = new ArrayBuffer(64);
  const ram = new MappedRam([
    { gpa: 0x1000, size: 32, buffer: low, bufferOffset: 16 },
    { gpa: 4 * GIB, size: 64, buffer: high, bufferOffset: 0 },
  ]);
  assertEquals(ram.size, 96);
  ram.view(0x1004, 2).set([1, 2]);
  ram.view(4 * GIB + 63, 1)[0] = 3;
  assertEquals([...new Uint8Array(low, 20, 2)], [1, 2]);
  assertEquals(new Uint8Array(high)[63], 3);
  assertEquals(ram.view(0x1020, 0).length, 0);
});

Deno.test("guest ram: nothing outside of one region can be had", () => {
  const ram = new MappedRam([
    { gpa: 0, size: 32, buffer: new ArrayBuffer(64), bufferOffset: 16 },
    { gpa: 32, size: 16, buffer: new ArrayBuffer(16), bufferOffset: 0 },
  ]);
  for (
    const [gpa, length] of [[0, 33], [31, 2], [-1, 1], [48, 1], [8, -1], [NaN, 1], [0, NaN], [
      2 ** 60,
      1,
    ]] as const
  ) {
    assertThrows(() => ram.view(gpa, length), RangeError);
  }
});
