import { assertEquals, assertThrows } from "@std/assert";
import { CpuidTable } from "../../../ffi/kvm/cpuid_table.ts";

const leaves = (table: CpuidTable) => [...table.entries()].map((entry) => [entry.function, entry.index]);

Deno.test("cpuid table: starts empty and takes as many leaves as it has room for", () => {
  const table = new CpuidTable(2);
  assertEquals([table.length, table.bytes.length], [0, 8 + 2 * 40]);
  table.add(1).eax = 0x1234;
  table.add(4, 1, 1);
  assertEquals([table.length, leaves(table)], [2, [[1, 0], [4, 1]]]);
  assertThrows(() => table.add(7), RangeError, "full");
  assertEquals([table.find(1)?.eax, table.find(4, 1)?.flags], [0x1234, 1]);
});

Deno.test("cpuid table: a table to be filled tells KVM its room", () => {
  const table = CpuidTable.forFilling(3);
  assertEquals([table.length, new DataView(table.bytes.buffer).getUint32(0, true)], [3, 3]);
});

Deno.test("cpuid table: finds a leaf, and of a leaf with indices the one asked for", () => {
  const table = new CpuidTable(3);
  table.add(4, 0, 1).eax = 10;
  table.add(4, 1, 1).eax = 11;
  assertEquals([table.find(4)?.eax, table.find(4, 1)?.eax, table.find(4, 2), table.find(5)], [
    10,
    11,
    undefined,
    undefined,
  ]);
});

Deno.test("cpuid table: removing closes the gaps in order, and a later entry is zeroed", () => {
  const table = new CpuidTable(4);
  for (const leaf of [0, 1, 2, 3]) table.add(leaf).ebx = 100 + leaf;
  table.remove((entry) => entry.function % 2 === 1);
  assertEquals([table.length, leaves(table)], [2, [[0, 0], [2, 0]]]);
  assertEquals(table.find(2)?.ebx, 102);
  assertEquals(table.add(9).ebx, 0);
  table.remove(() => true);
  assertEquals([table.length, [...table.entries()]], [0, []]);
});

Deno.test("cpuid table: a copy is apart from the original and has the room asked for", () => {
  const table = new CpuidTable(1);
  table.add(1).ecx = 5;
  const copy = table.copy(1);
  copy.find(1)!.ecx = 6;
  copy.add(2);
  assertEquals([table.find(1)?.ecx, table.length, copy.find(1)?.ecx, copy.length], [5, 1, 6, 2]);
  assertThrows(() => copy.add(3), RangeError);
});
