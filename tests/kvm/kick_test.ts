import { assertEquals, assertGreater } from "@std/assert";
import fc from "fast-check";
import type { Vm } from "../../mod.ts";
import { onlyGuestMemory, startPayload } from "../support/payload_machine.ts";
import * as payloads from "../support/payloads.ts";

/** A kick that takes this long is lost (ms). */
const LOST = 5000;

/** Pauses; throws if that does not happen. */
async function pause(vm: Vm, kick: number): Promise<void> {
  const lost = Promise.withResolvers<never>();
  const timer = setTimeout(() => lost.reject(new Error(`kick ${kick} was lost`)), LOST);
  await Promise.race([vm.pause(), lost.promise]).finally(() => clearTimeout(timer));
}

const turn = () => new Promise((resolve) => setTimeout(resolve, 0));

/** What happens between two kicks. */
const PATTERN = fc.array(fc.constantFrom("nothing", "a turn", "progress", "taken back"), {
  minLength: 500,
  maxLength: 500,
});

for (
  const [name, payload] of [
    ["spins in user mode", () => payloads.counting("user")],
    ["spins in kernel mode", () => payloads.counting("kernel")],
    ["traps all the time", () => payloads.countingWrites()],
    ["reads all the time", () => payloads.checkedReads()],
  ] as const
) {
  Deno.test(`kick: 500 in a random pattern while the guest ${name}, none is lost and no read goes wrong`, async () => {
    await using vm = await startPayload(payload());
    const memory = onlyGuestMemory();
    const counter = new Uint32Array(memory, payloads.COUNTER, 1),
      mistakes = new Uint32Array(memory, payloads.MISTAKES, 1);
    const [pattern] = fc.sample(PATTERN, { numRuns: 1 });
    let progressed = 0;
    for (const [kick, between] of pattern!.entries()) {
      if (between === "taken back") {
        const taken = vm.pause();
        vm.resume();
        await taken;
        continue;
      }
      await pause(vm, kick);
      const still = Atomics.load(counter, 0);
      if (between !== "nothing") await turn();
      assertEquals(Atomics.load(counter, 0), still, `after kick ${kick} it moved`);
      vm.resume();
      if (between !== "progress") continue;
      while (Atomics.load(counter, 0) === still) await turn();
      progressed++;
    }
    assertGreater(progressed, 50, "the guest ran in between");
    assertEquals(mistakes[0], 0, "values that the guest read wrongly");
  });
}
