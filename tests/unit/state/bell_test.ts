import { assertEquals } from "@std/assert";
import { stayAlive } from "../../support/stay_alive.ts";
import { Bell, BELL_WORDS } from "../../../src/state/bell.ts";

function bells(waker?: () => void) {
  const words = new Int32Array(new SharedArrayBuffer(4 * BELL_WORDS));
  return { sleeper: new Bell(words, waker), ringer: new Bell(words, waker) };
}

/** What a promise has done by now, after all that can be done without waiting is done. */
async function settled(promise: Promise<void>): Promise<boolean> {
  let done = false;
  promise.then(() => done = true);
  await new Promise((resolve) => setTimeout(resolve, 0));
  return done;
}

Deno.test("bell: a ring wakes who sleeps, and only then", async () => {
  using _alive = stayAlive();
  const { sleeper, ringer } = bells();
  const sleep = sleeper.slept(() => false);
  assertEquals(await settled(sleep), false);
  ringer.ring();
  await sleep;
  ringer.ring(); // nobody sleeps: nothing is kept for the next one, who looks for work itself
  assertEquals(await settled(sleeper.slept(() => false)), false);
});

Deno.test("bell: work that came before, or while it was being armed, is not slept over", async () => {
  using _alive = stayAlive();
  const { sleeper, ringer } = bells();
  await sleeper.slept(() => true);
  let work = false;
  await sleeper.slept(() => {
    const ready = work;
    work = true; // after the look …
    ringer.ring(); // … and before the sleep
    return ready;
  });
});

Deno.test("bell: many rings between two sleeps cost one wake-up", () => {
  let wakes = 0;
  const { sleeper, ringer } = bells(() => wakes++);
  ringer.ring();
  assertEquals(wakes, 0, "not armed");
  sleeper.arm();
  for (let i = 0; i < 100; i++) ringer.ring();
  assertEquals(wakes, 1);
  sleeper.arm();
  ringer.ring();
  assertEquals(wakes, 2);
});
