import { assert, assertEquals } from "@std/assert";
import { Guest } from "../support/guest.ts";

Deno.test("PVH, 2 vCPUs: a reset through the keyboard controller", async () => {
  await using guest = await Guest.boot({ protocol: "pvh", cpus: 2, words: ["denovisor.commands"] });
  await guest.run("echo kbd >/sys/kernel/reboot/type; echo 1 >/sys/kernel/reboot/force");
  await guest.console.type("reboot -f\n");
  assertEquals(await guest.end(), { reason: "reset" });
});

Deno.test("PVH, 4 vCPUs: paused, resumed and stopped while all of them compute", async () => {
  await using guest = await Guest.boot({ protocol: "pvh", cpus: 4, words: ["denovisor.commands"] });
  for (let cpu = 0; cpu < 4; cpu++) await guest.run(`taskset ${1 << cpu} sh -c 'while :; do :; done' &`);
  assertEquals(await guest.run("uptime | grep -c average"), "1\n");
  for (let round = 0; round < 20; round++) {
    await guest.vm.pause();
    assertEquals(guest.vm.state, "paused");
    guest.vm.resume();
  }
  assertEquals(await guest.run("echo still here"), "still here\n");
  const before = performance.now();
  await guest.vm.stop();
  // On any processor but the lab's it is within 50 ms; here the bound is only that it does not wait for the guest.
  assert(performance.now() - before < 5000);
  assertEquals(guest.vm.state, "stopped");
  assertEquals(await guest.vm.wait(), { reason: "stopped" });
});

Deno.test("ELF, 4 vCPUs: stopped in the middle of its boot", async () => {
  await using guest = await Guest.start({ protocol: "elf", cpus: 4, words: ["loglevel=7"] });
  await guest.find(/smp: Bringing up secondary CPUs/, 120);
  await guest.vm.stop();
  assertEquals(await guest.vm.wait(), { reason: "stopped" });
  assert(!guest.console.text.includes("Run /init"));
});
