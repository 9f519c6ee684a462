import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import {
  alignUp,
  array,
  i16,
  i64,
  i8,
  packed,
  pointer,
  struct,
  u16,
  u32,
  u64,
  u8,
  union,
  type View,
} from "../../../ffi/layout.ts";

const offsets = (type: { fields: object; offset(field: never): number }) =>
  Object.fromEntries(Object.keys(type.fields).map((field) => [field, type.offset(field as never)]));

Deno.test("layout: fields lie at multiples of their alignment and the tail is padded", () => {
  const s = struct("s", { a: u8, b: u16, c: u8, d: u32, e: u8, f: u64, g: u8 });
  assertEquals(offsets(s), { a: 0, b: 2, c: 4, d: 8, e: 12, f: 16, g: 24 });
  assertEquals([s.size, s.align], [32, 8]);
});

Deno.test("layout: a packed struct has no gaps and alignment 1, inside another struct too", () => {
  const inner = packed("inner", { a: u8, b: u64, c: u16 });
  assertEquals([offsets(inner), inner.size, inner.align], [{ a: 0, b: 1, c: 9 }, 11, 1]);
  const outer = struct("outer", { tag: u8, inner, end: u32 });
  assertEquals([offsets(outer), outer.size], [{ tag: 0, inner: 1, end: 12 }, 16]);
  const view = outer.create();
  view.inner.b = 0x0102_0304_0506_0708n;
  assertEquals([...view.$bytes], [0, 0, 8, 7, 6, 5, 4, 3, 2, 1, 0, 0, 0, 0, 0, 0]);
});

Deno.test("layout: a union's members overlap; its size is the largest's, padded", () => {
  const u = union("u", { bytes: array(u8, 9), word: u32 });
  assertEquals([offsets(u), u.size, u.align], [{ bytes: 0, word: 0 }, 12, 4]);
  const holder = struct("holder", { kind: u8, u });
  assertEquals(holder.offset("u"), 4);
  const view = holder.create();
  view.u.word = 0xa1b2c3d4;
  assertEquals([...view.u.bytes.subarray(0, 4)], [0xd4, 0xc3, 0xb2, 0xa1]);
});

Deno.test("layout: structs and unions without fields have no size", () => {
  assertEquals([struct("none", {}).size, packed("none", {}).size, union("none", {}).size], [0, 0, 0]);
});

Deno.test("layout: a flexible array adds alignment but no size", () => {
  const entry = struct("entry", { data: u64 });
  const list = struct("list", { count: u32, entries: array(entry, 0) });
  assertEquals([list.size, list.align, list.offset("entries")], [8, 8, 8]);
  assertEquals(list.create().entries, []);
  assertEquals(list.create(3 * entry.size).$bytes.buffer.byteLength, 32);
});

Deno.test("layout: scalars are little-endian, wrap at their width and keep their sign", () => {
  const s = struct("s", { a: u32, b: i8, c: i16, d: u8, e: u16 });
  const v = s.create();
  v.a = 0x8000_0001;
  v.b = -2;
  v.c = 0x1_8000;
  v.d = 0x1ff;
  v.e = -1;
  assertEquals([v.a, v.b, v.c, v.d, v.e], [0x8000_0001, -2, -0x8000, 0xff, 0xffff]);
  assertEquals([...v.$bytes], [1, 0, 0, 0x80, 0xfe, 0, 0, 0x80, 0xff, 0, 0xff, 0xff]);
});

Deno.test("layout: arrays of scalars are typed arrays over the same bytes", () => {
  const s = struct("s", { tag: u32, bytes: array(u8, 4), words: array(u16, 2), wide: array(i64, 1) });
  const v = s.create();
  v.bytes[3] = 9;
  v.words[1] = 0xabcd;
  v.wide[0] = -1n;
  assertEquals([...v.$bytes], [0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0xcd, 0xab, 0, 0, 0, 0, ...Array(8).fill(255)]);
  assertEquals([v.bytes.constructor, v.words.constructor, v.wide.constructor], [
    Uint8Array,
    Uint16Array,
    BigInt64Array,
  ]);
  assertStrictEquals(v.bytes, v.bytes, "made once and kept");
});

Deno.test("layout: arrays of structs and of arrays are lists of views in place", () => {
  const cell = struct("cell", { x: u16, y: u32 });
  const s = struct("s", { n: u8, cells: array(cell, 3), rows: array(array(u16, 2), 2) });
  const v: View<typeof s> = s.create();
  v.cells[2]!.y = 7;
  v.rows[1]![0] = 5;
  assertEquals(v.cells.length, 3);
  assertEquals(v.$bytes[s.offset("cells") + 2 * cell.size + 4], 7);
  assertEquals(v.$bytes[s.offset("rows") + 4], 5);
  assertStrictEquals(v.cells[2], v.cells[2]);
});

Deno.test("layout: a view shares the buffer it is over, at its offset, and writes nothing else", () => {
  const s = struct("s", { a: u32, b: array(u8, 2) });
  for (const buffer of [new ArrayBuffer(24), new SharedArrayBuffer(24)]) {
    const all = new Uint8Array(buffer).fill(0xee);
    const v = s.at(buffer, 8);
    const again = s.at(buffer, 8);
    v.a = 0;
    v.b.fill(1);
    assertEquals([again.a, ...again.b], [0, 1, 1]);
    assertEquals([...all.subarray(0, 8), ...all.subarray(14)], Array(18).fill(0xee));
    assertEquals([v.$bytes.byteOffset, v.$bytes.length], [8, 8]);
    assertStrictEquals<unknown>(v.$bytes.buffer, buffer);
  }
});

Deno.test("layout: another thread's writes are seen through a view of shared memory", async () => {
  const s = struct("s", { pad: u32, value: u64 });
  const buffer = new SharedArrayBuffer(s.size);
  const source = "onmessage = (e) => { new BigUint64Array(e.data)[1] = 77n; postMessage(0); };";
  const worker = new Worker(`data:text/javascript,${encodeURIComponent(source)}`, { type: "module" });
  const { promise, resolve } = Promise.withResolvers<unknown>();
  worker.onmessage = resolve;
  worker.postMessage(buffer);
  await promise;
  worker.terminate();
  assertEquals(s.at(buffer).value, 77n);
});

Deno.test("layout: a struct that does not fit behind the offset is refused", () => {
  const s = struct("s", { a: u64 });
  for (const at of [1, 9, -1]) assertThrows(() => s.at(new ArrayBuffer(8), at), RangeError);
  assertThrows(() => s.at(new ArrayBuffer(7)), RangeError);
  s.at(new ArrayBuffer(16), 8);
});

Deno.test("layout: scalars may be misaligned, typed arrays may not", () => {
  const p = packed("p", { a: u8, b: u32, c: array(u32, 1) });
  const v = p.create();
  v.b = 0x0102_0304;
  assertEquals(v.b, 0x0102_0304);
  assertThrows(() => v.c, RangeError);
  p.at(new ArrayBuffer(16), 3).c[0] = 1; // 3 + 5 is a multiple of 4
});

Deno.test("layout: names that cannot be accessors are refused where they are declared", () => {
  for (const name of ["", "1a", "a-b", "a b", "a;b", "$a", "ä", "0", "constructor"]) {
    assertThrows(() => struct("s", { [name]: u8 }), TypeError, `s: "${name}" is no field name`);
    assertThrows(() => union("s", { [name]: u8 }), TypeError);
    assertThrows(() => packed("s", { [name]: u8 }), TypeError);
  }
  for (const suffix of ["lo", "hi", "num"]) {
    assertThrows(
      () => struct("s", { a: u64, [`a_${suffix}`]: u32 }),
      TypeError,
      `"a_${suffix}" is already a part of "a"`,
    );
  }
  assertEquals(struct("s", { a: u32, a_lo: u32 }).size, 8);
});

Deno.test("layout: keywords and the generator's own words are good names of fields and structs", () => {
  const words = ["class", "nested", "fields", "name", "get", "static", "toString", "DataView", "Uint8Array"];
  for (const word of words) {
    const inner = struct(word, { x: u8 });
    const s = struct(word, { a: u8, [word]: inner, list: array(u8, 2) });
    const v = s.create() as unknown as Record<string, { x: number }> & { $bytes: Uint8Array };
    v[word]!.x = 5;
    assertEquals([...v.$bytes], [0, 5, 0, 0]);
  }
  assertEquals(struct("any text; at all", { a: u8 }).create().a, 0);
});

Deno.test("layout: an unknown field has no offset, and an array no silly length", () => {
  const s = struct("s", { a: u8 });
  assertThrows(() => s.offset("b" as "a"), TypeError, 's has no field "b"');
  for (const length of [-1, 1.5, NaN, Infinity]) assertThrows(() => array(u8, length), RangeError);
});

Deno.test("layout: a pointer is a u64", () => {
  assertStrictEquals(pointer, u64);
});

Deno.test("layout: alignUp goes to the next multiple, also above 2^32", () => {
  assertEquals([0, 1, 4096, 4097].map((n) => alignUp(n, 4096)), [0, 4096, 4096, 8192]);
  assertEquals(alignUp(2 ** 40 + 1, 4096), 2 ** 40 + 4096);
});
