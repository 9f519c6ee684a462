import { assertEquals, assertThrows } from "@std/assert";
import { struct, u32, u64, u8 } from "../../../ffi/layout.ts";
import { Arena } from "../../../src/state/arena.ts";

const Odd = struct("odd", { a: u8, b: u32, c: u8 });
const Wide = struct("wide", { a: u64 });

Deno.test("arena: the n-th place is the same bytes for everybody who asks in the same order", () => {
  const buffer = new SharedArrayBuffer(256);
  const build = () => {
    const arena = new Arena(buffer);
    return { arena, odd: arena.place("odd", Odd), words: arena.words(3), wide: arena.place("wide", Wide) };
  };
  const mine = build(), theirs = build();
  mine.odd.b = 0x1234_5678;
  mine.words[2] = -1;
  mine.wide.a = 0xfedc_ba98_7654_3210n;
  assertEquals([theirs.odd.b, theirs.words[2], theirs.wide.a], [0x1234_5678, -1, 0xfedc_ba98_7654_3210n]);
  const places = (arena: Arena) => arena.placements.map(({ name, offset }) => [name, offset]);
  assertEquals(places(mine.arena), [["odd", 0], ["wide", 32]]);
  assertEquals(places(theirs.arena), places(mine.arena));
});

Deno.test("arena: places are aligned, do not overlap, and end with the block", () => {
  const arena = new Arena(new SharedArrayBuffer(100));
  assertEquals([arena.reserve(1), arena.reserve(1), arena.reserve(3, 1), arena.reserve(4, 64)], [
    0,
    8,
    9,
    64,
  ]);
  assertThrows(() => arena.reserve(33, 1), RangeError, "101 bytes of 100");
  assertEquals(arena.reserve(32, 1), 68, "what failed has taken nothing");
  assertThrows(() => arena.words(1), RangeError);
});
