/**
 * Hammers every device's registers with random accesses.
 *
 * `FUZZ_STEPS` sets the accesses for each device (default 200,000: about two seconds in all), `FUZZ_SEED` repeats a run.
 */
import { assertEquals, assertThrows } from "@std/assert";
import type { IoDevice } from "../../src/bus/device.ts";
import { hammer } from "./hammer.ts";
import { SUBJECTS } from "./subjects.ts";

/** Accesses to one device from its reset on; then a new device, with another seed. */
const STEPS_A_ROUND = 3000;
const steps = Number(Deno.env.get("FUZZ_STEPS") ?? 200_000);
const firstSeed = Number(Deno.env.get("FUZZ_SEED") ?? crypto.getRandomValues(new Uint32Array(1))[0]!);

for (const [name, make] of Object.entries(SUBJECTS)) {
  Deno.test(`fuzz: ${name} answers anything, in range, from any worker alike`, () => {
    for (let round = 0; round * STEPS_A_ROUND < steps; round++) {
      const seed = (firstSeed + round) >>> 0;
      try {
        const alone = hammer(make(), seed, STEPS_A_ROUND);
        // State outside the shared struct would show as a difference between one object and two over the same bytes.
        assertEquals(hammer(make(), seed, STEPS_A_ROUND, 2), alone, "two workers read what one reads");
      } catch (error) {
        throw new Error(`${name}: repeat with FUZZ_SEED=${seed} FUZZ_STEPS=1`, { cause: error });
      }
    }
  });
}

Deno.test("fuzz: the hammer finds a device that throws, one out of range, and one with state of its own", () => {
  const device = (read: (offset: number) => number): IoDevice => ({ maxWidth: 1, read, write() {} });
  const run = (make: () => IoDevice, workers = 1) =>
    hammer({ twins: [make(), make()], span: 8 }, 1, 1000, workers);
  const throwing = device((offset) => {
    if (offset === 3) throw new TypeError("oops");
    return 0;
  });
  assertThrows(() => run(() => throwing), Error, "read 1 bytes at 3: oops");
  assertThrows(() => run(() => device(() => 256)), Error, "it gave 256");
  assertThrows(() => run(() => device(() => -1)), Error, "it gave -1");
  const counting = () => {
    let count = 0;
    return device(() => count++ & 0xff);
  };
  assertEquals(run(counting) === run(counting, 2), false);
});
