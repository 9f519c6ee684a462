import { assertGreaterOrEqual, assertLessOrEqual } from "@std/assert";
import { KernelClock } from "../../../ffi/clock.ts";

Deno.test("clock: wall time is the system's, in milliseconds with fractions", () => {
  const clock = new KernelClock();
  const before = Date.now(), now = clock.wallMs(), after = Date.now();
  assertGreaterOrEqual(now, before);
  assertLessOrEqual(now, after + 1);
});

Deno.test("clock: monotonic time never steps back, and is one for all clocks", () => {
  const clocks = [new KernelClock(), new KernelClock()];
  for (let i = 0, last = 0; i < 1000; i++) {
    const now = clocks[i % 2]!.monotonicMs();
    assertGreaterOrEqual(now, last);
    last = now;
  }
});
