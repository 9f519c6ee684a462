import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { createHash } from "node:crypto";
import { Guest } from "../support/guest.ts";
import { BASE_WORDS, DEFAULT_MEMORY, type LinuxOptions } from "../support/guest_images.ts";
import { parseMemorySize } from "../../src/config/memory_size.ts";

/** Share of RAM that a kernel of this kind keeps for itself, at most: its image, page structures and reserves. */
const KERNELS_OWN = 80 * 2 ** 20;

/** Boots a guest, and checks that it sees the machine that was asked for. */
async function bootAndReport(options: LinuxOptions): Promise<Guest> {
  const guest = await Guest.boot({ ...options, words: ["denovisor.report", ...options.words ?? []] });
  const report = await guest.report();
  const cmdline = [...BASE_WORDS, "denovisor.report", ...options.words ?? []].join(" ");
  const asked = parseMemorySize(options.memory ?? DEFAULT_MEMORY)!;
  const seen = report.memory * 1024;
  assertEquals(report.cpus, options.cpus);
  assert(
    seen < asked && seen > asked - KERNELS_OWN - asked / 50,
    `${report.memory} kB of ${asked / 1024} kB`,
  );
  assertEquals(report.cmdlineLength, cmdline.length);
  assertEquals(report.cmdlineMd5, createHash("md5").update(cmdline).digest("hex"));
  assert(report.pvpanic, "pvpanic has its driver");
  return guest;
}

Deno.test("bzImage, 1 vCPU: a command line at the kernel's limit, poweroff", async () => {
  const LIMIT = 2047; // COMMAND_LINE_SIZE - 1, arch/x86/include/asm/setup.h
  const fixed = [...BASE_WORDS, "denovisor.report", "denovisor.poweroff", "last="].join(" ").length;
  const filler = Array.from({ length: LIMIT - fixed }, (_, index) => String.fromCharCode(97 + index % 26))
    .join("");
  await using guest = await bootAndReport({
    protocol: "linux",
    cpus: 1,
    words: ["denovisor.poweroff", `last=${filler}`],
  });
  assertEquals(await guest.end(), { reason: "poweroff" });
});

Deno.test("bzImage, 2 vCPUs: paused in the middle of its boot and resumed, reboot", async () => {
  await using guest = await Guest.start({
    protocol: "linux",
    cpus: 2,
    words: ["loglevel=7", "denovisor.reboot"],
  });
  await guest.find(/smpboot: Total of 2 processors activated/, 120);
  await guest.vm.pause();
  assertEquals(guest.vm.state, "paused");
  await settled(guest);
  const before = guest.console.text;
  await new Promise((resolve) => setTimeout(resolve, 1000));
  assertEquals(guest.console.text, before, "a paused guest says nothing");
  guest.vm.resume();
  assertEquals(guest.vm.state, "running");
  await guest.find(/denovisor: user space reached/, 120);
  assertEquals(await guest.end(), { reason: "reset" });
  assertNotEquals(guest.console.text, before);
  assert(
    !/stall|lockup|unstable|Call Trace/.test(guest.console.text.slice(before.length)),
    guest.console.text,
  );
});

Deno.test("bzImage, 4 vCPUs: the power button", async () => {
  await using guest = await bootAndReport({ protocol: "linux", cpus: 4, words: ["denovisor.wait-button"] });
  await guest.find(/waiting for the power button/);
  guest.vm.powerButton();
  await guest.find(/power button pressed/);
  assertEquals(await guest.end(), { reason: "poweroff" });
});

Deno.test("ELF, 1 vCPU: a triple fault", async () => {
  await using guest = await bootAndReport({ protocol: "elf", cpus: 1, words: ["denovisor.triplefault"] });
  assertEquals(await guest.end(), { reason: "triple-fault" });
});

Deno.test("ELF, 2 vCPUs: a kernel panic, told by pvpanic", async () => {
  await using guest = await bootAndReport({ protocol: "elf", cpus: 2, words: ["denovisor.panic"] });
  assertEquals(await guest.end(), { reason: "panic" });
  assert(guest.console.text.includes("Kernel panic - not syncing: sysrq triggered crash"));
});

/** Waits until what the guest had written before its pause has arrived. */
async function settled(guest: Guest): Promise<void> {
  for (let before = -1; before !== guest.console.text.length;) {
    before = guest.console.text.length;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
