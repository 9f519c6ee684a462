import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { GPA } from "../../../src/board/addresses.ts";
import { memoryMap } from "../../../src/boot/e820.ts";
import { Placement } from "../../../src/boot/placement.ts";
import { UserError } from "../../../src/errors.ts";
import { plainRam } from "../../support/plain_ram.ts";
import { MIB } from "./images.ts";

Deno.test("placement: the memory map covers all RAM but the legacy range, in order, without overlaps", () => {
  for (const ram of [plainRam(16 * MIB), plainRam(8 * MIB, 4 * MIB), plainRam(MIB)]) {
    const map = memoryMap(ram);
    for (const [index, range] of map.entries()) {
      const next = map[index + 1];
      assert(range.size > 0 && (!next || range.gpa + range.size <= next.gpa));
    }
    const told = map.filter((range) => range.type === 1).reduce((sum, range) => sum + range.size, 0);
    assertEquals(told, ram.size - (MIB - GPA.LOW_MEMORY_END));
  }
});

Deno.test("placement: claims never overlap, lie in RAM, and are page-aligned where it was free to choose", () => {
  const claim = fc.record({
    kind: fc.constantFrom("fixed", "high", "low"),
    gpa: fc.oneof(fc.integer({ min: 0, max: 9 * MIB }), fc.integer({ min: 0, max: 2 ** 33 })),
    size: fc.oneof(fc.integer({ min: 0, max: 3 * MIB }), fc.integer({ min: 1, max: 5000 })),
  });
  fc.assert(
    fc.property(fc.array(claim, { maxLength: 30 }), (claims) => {
      const ram = plainRam(8 * MIB, 6 * MIB);
      const placement = new Placement(ram);
      const taken: [number, number][] = [];
      for (const { kind, gpa, size } of claims) {
        if (kind !== "fixed" && size === 0) continue;
        let at = gpa;
        try {
          if (kind === "fixed") placement.claim("it", gpa, size);
          else if (kind === "high") at = placement.claimHigh("it", size, gpa, "initrd");
          else at = placement.claimLow("it", size, gpa, "modules");
        } catch (error) {
          assert(error instanceof UserError);
          continue;
        }
        if (size === 0) continue;
        ram.view(at, size); // throws outside of RAM
        assert(taken.every(([start, end]) => at >= end || at + size <= start));
        if (kind !== "fixed") assertEquals(at % 4096, 0);
        if (kind === "high") assert(at + size <= gpa && at >= MIB);
        if (kind === "low") assert(at >= gpa && at < GPA.HOLE_START);
        taken.push([at, at + size]);
      }
    }),
    { numRuns: 200 },
  );
});

Deno.test("placement: high claims come down around what is taken, low ones go up", () => {
  const placement = new Placement(plainRam(8 * MIB));
  placement.claim("a", 7 * MIB, 4096);
  assertEquals(placement.claimHigh("b", MIB, 8 * MIB, "initrd"), 6 * MIB);
  assertEquals(placement.claimHigh("c", 4096, 8 * MIB, "initrd"), 8 * MIB - 4096);
  assertEquals(placement.claimLow("d", 10, 6 * MIB, "modules"), 7 * MIB + 4096);
  assertEquals(placement.claimLow("e", 10, 6 * MIB, "modules"), 7 * MIB + 8192);
});

Deno.test("placement: memory above 4 GiB is taken only where the limit allows", () => {
  const ram = () => new Placement(plainRam(8 * MIB, 4 * MIB));
  assertEquals(ram().claimHigh("it", 4096, 2 ** 40, "initrd"), GPA.HOLE_END + 4 * MIB - 4096);
  assertEquals(ram().claimHigh("it", 4096, GPA.HOLE_START, "initrd"), 4 * MIB - 4096);
  const error = assertThrows(() => ram().claimHigh("it", 4 * MIB, GPA.HOLE_START, "initrd"), UserError);
  assertEquals(error.hint, "Give the guest at least 5 MiB of memory.");
});
