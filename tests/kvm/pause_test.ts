import { assertEquals } from "@std/assert";
import { Vm } from "../../mod.ts";
import { onlyGuestMemory, startPayload } from "../support/payload_machine.ts";
import * as payloads from "../support/payloads.ts";
import { twoProcessors } from "../support/smp_payload.ts";
import { Promptness } from "../support/promptness.ts";

const ROUNDS = 20;

/** Guests by what they are busy with. `counts`: whether they count while they are. */
const GUESTS: readonly { readonly doing: string; readonly counts: boolean; start(): Promise<Vm> }[] = [
  { doing: "spins in user mode", counts: true, start: () => startPayload(payloads.counting("user")) },
  { doing: "spins in kernel mode", counts: true, start: () => startPayload(payloads.counting("kernel")) },
  { doing: "spins in real mode", counts: true, start: () => startPayload(payloads.counting("real")) },
  { doing: "writes to a port in a loop", counts: true, start: () => startPayload(payloads.countingWrites()) },
  { doing: "reads of every kind", counts: true, start: () => startPayload(payloads.checkedReads()) },
  {
    doing: "spins on two vCPUs",
    counts: true,
    start: () => startPayload(twoProcessors(payloads.countForEver, payloads.countForEver), { cpus: 2 }),
  },
  { doing: "sleeps with interrupts off", counts: false, start: () => startPayload(payloads.asleep()) },
  { doing: "waits for input", counts: false, start: () => Vm.start({ memory: "16M", cmdline: "quiet" }) },
  {
    doing: "is inside a huge REP OUTSB",
    counts: false,
    start: () => startPayload(payloads.hugeString("out")),
  },
  { doing: "is inside a huge REP INSB", counts: false, start: () => startPayload(payloads.hugeString("in")) },
  {
    doing: "is inside a huge REP MOVSB from a device",
    counts: false,
    start: () => startPayload(payloads.hugeCopy()),
  },
];

/** A little while, of another length each time: what the guest does meanwhile is what it is paused in. */
const while_ = (round: number) => new Promise((resolve) => setTimeout(resolve, round * 7 % 5));

for (const { doing, counts, start } of GUESTS) {
  Deno.test(`pause: a guest that ${doing} pauses and stops at once, stands still, and goes on`, async () => {
    await using vm = await start();
    const counter = new Uint32Array(onlyGuestMemory(), payloads.COUNTER, 1);
    const moved = async (from: number) => {
      while (Atomics.load(counter, 0) === from) await new Promise((resolve) => setTimeout(resolve, 0));
    };
    if (counts) await moved(0);
    const pausing = new Promptness("a pause"), stopping = new Promptness("a stop");
    for (let round = 0; round < ROUNDS; round++) {
      await while_(round);
      await pausing.of(() => vm.pause());
      assertEquals(vm.state, "paused");
      const still = Atomics.load(counter, 0);
      await while_(round + 1);
      assertEquals(Atomics.load(counter, 0), still, "it moved while it was paused");
      vm.resume();
      assertEquals(vm.state, "running");
      if (counts) await moved(still);
    }
    await stopping.of(() => vm.stop());
    assertEquals([vm.state, await vm.wait()], ["stopped", { reason: "stopped" }]);
    pausing.check();
    stopping.check({ crowded: true }); // one round is no median
  });
}

for (const cpus of [1, 4, 32]) {
  Deno.test(`pause: ${cpus} vCPUs before they have begun, and while they begin`, async () => {
    const pausing = new Promptness("a pause", cpus), stopping = new Promptness("a stop", cpus);
    for (let round = 0; round < 6; round++) {
      await using vm = await Vm.start({ memory: "16M", cmdline: "quiet spin", cpus });
      if (round > 0) await while_(round);
      await pausing.of(() => vm.pause());
      if (round % 2 === 0) vm.resume();
      await stopping.of(() => vm.stop());
    }
    // Workers load, each on a thread of its own.
    pausing.check({ crowded: cpus > navigator.hardwareConcurrency });
    stopping.check({ crowded: cpus > navigator.hardwareConcurrency });
  });

  Deno.test(`pause: ${cpus} vCPUs that run`, async () => {
    await using vm = await Vm.start({ memory: "16M", cmdline: "quiet spin", cpus });
    await vm.pause();
    vm.resume();
    const reader = vm.console.readable.getReader(), decoder = new TextDecoder();
    for (let text = ""; !text.includes("spinning");) text += decoder.decode((await reader.read()).value);
    const pausing = new Promptness("a pause", cpus), stopping = new Promptness("a stop", cpus);
    for (let round = 0; round < ROUNDS; round++) {
      await while_(round);
      await pausing.of(() => vm.pause());
      vm.resume();
    }
    await stopping.of(() => vm.stop());
    pausing.check();
    stopping.check({ crowded: true }); // one round is no median
  });
}

Deno.test("pause: what is asked at the wrong time does nothing or what is meant", async () => {
  await using vm = await startPayload(payloads.counting("user"));
  const counter = new Uint32Array(onlyGuestMemory(), payloads.COUNTER, 1);
  vm.resume(); // it runs
  await Promise.all([vm.pause(), vm.pause(), vm.pause()]);
  const still = counter[0];
  await vm.pause();
  assertEquals([vm.state, counter[0]], ["paused", still]);
  const taken = vm.pause();
  vm.resume();
  vm.resume();
  await taken;
  assertEquals(vm.state, "running");
  while (counter[0] === still) await new Promise((resolve) => setTimeout(resolve, 0));
  const stopped = vm.stop();
  const paused = vm.pause();
  vm.resume();
  await Promise.all([stopped, paused, vm.stop(), vm.wait()]);
  assertEquals(vm.state, "stopped");
  await vm.pause();
  vm.resume();
  vm.powerButton();
  vm.ctrlAltDel();
  assertEquals([vm.state, await vm.wait()], ["stopped", { reason: "stopped" }]);
});
