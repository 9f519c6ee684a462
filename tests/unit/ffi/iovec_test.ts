import fc from "fast-check";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { addressOf, IoVector } from "../../../ffi/iovec.ts";

/** A table over pieces of one buffer, and the bytes that it stands for. */
function tableOf(memory: Uint8Array<ArrayBuffer>, parts: readonly [at: number, length: number][]) {
  const table = new IoVector(parts.length);
  const address = addressOf(memory);
  for (const [at, length] of parts) assert(table.add(address + at, length));
  const bytes = Uint8Array.from(parts.flatMap(([at, length]) => [...memory.subarray(at, at + length)]));
  return { table, bytes };
}

function contentsOf(table: IoVector): Uint8Array {
  const bytes = new Uint8Array(table.bytes);
  table.copyTo(0, bytes);
  return bytes;
}

const parts = fc.array(fc.tuple(fc.nat(200), fc.nat(55)), { maxLength: 20 });

Deno.test("iovec: any slice is the bytes that it names", () => {
  const memory = Uint8Array.from({ length: 256 }, (_, index) => index);
  const into = new IoVector(1); // grows
  fc.assert(
    fc.property(parts, fc.nat(), fc.nat(), (list, a, b) => {
      const { table, bytes } = tableOf(memory, list);
      assertEquals(table.bytes, bytes.length);
      const from = a % (bytes.length + 1), length = b % (bytes.length - from + 1);
      table.slice(from, length, into);
      assertEquals(contentsOf(into), bytes.subarray(from, from + length));
      assertEquals(contentsOf(table), bytes);
    }),
  );
});

Deno.test("iovec: copying in and zeroing change the named bytes alone", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(25), { maxLength: 9 }), fc.nat(), fc.nat(), (lengths, a, b) => {
      const memory = new Uint8Array(256).fill(0xee), model = memory.slice();
      let at = 3;
      const list = lengths.map((length): [number, number] => [(at += length + 2) - length, length]);
      const { table, bytes } = tableOf(memory, list);
      const places = list.flatMap(([start, length]) => Array.from({ length }, (_, index) => start + index));
      const from = a % (bytes.length + 1), length = b % (bytes.length - from + 1);
      const named = places.slice(from, from + length);
      table.copyFrom(from, Uint8Array.from(named, (_, index) => index + 1));
      named.forEach((place, index) => model[place] = index + 1);
      assertEquals(memory, model);
      table.zero(from, length);
      for (const place of named) model[place] = 0;
      assertEquals(memory, model);
    }),
  );
});

Deno.test("iovec: a full table takes no more, an empty piece is none, and nothing reaches past the end", () => {
  const memory = new Uint8Array(64);
  const { table } = tableOf(memory, [[0, 16], [32, 16]]);
  assertEquals(table.add(addressOf(memory), 1), false);
  assertEquals(table.add(addressOf(memory), 0), true);
  assertEquals([table.count, table.bytes], [2, 32]);
  for (const [from, length] of [[0, 33], [32, 1], [-1, 2]] as const) {
    assertThrows(() => table.slice(from, length, new IoVector(2)), RangeError);
    assertThrows(() => table.zero(from, length), RangeError);
    assertThrows(() => table.copyTo(from, new Uint8Array(length)), RangeError);
  }
  table.clear();
  assertEquals([table.count, table.bytes, table.alignment], [0, 0, 0]);
  assert(table.add(addressOf(memory), 64));
});

Deno.test("iovec: addresses and lengths past 4 GiB are whole", () => {
  const table = new IoVector(2);
  table.add(0x7fff_1234_5000, 0x1_0000_2000);
  const words = new BigUint64Array(Deno.UnsafePointerView.getArrayBuffer(table.pointer, 16));
  assertEquals([...words], [0x7fff_1234_5000n, 0x1_0000_2000n]);
  assertEquals(table.alignment, 0);
  table.add(0x7fff_0000_0200, 512);
  assertEquals(table.alignment, 0x200);
});
