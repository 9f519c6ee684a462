import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { UserError, Vm } from "../../mod.ts";
import { borrow } from "../../ffi/mapping.ts";
import { GPA } from "../../src/board/addresses.ts";
import * as r from "../../src/guests/asm/operands.ts";
import { spin, tripleFault } from "../../src/guests/payloads/loops.ts";
import { assertNothingLeft, heldBetweenMachines, holdings } from "../support/leftovers.ts";
import { guestMappings, printed, startPayload } from "../support/payload_machine.ts";
import { counting, once, sendAccumulator } from "../support/payloads.ts";

Deno.test("resources: 50 machines one after the other, ended in every way, leave nothing behind", async () => {
  const before = await heldBetweenMachines();
  for (let i = 0; i < 50; i++) {
    await using vm = i % 5 === 0
      ? await startPayload(tripleFault())
      : await Vm.start({ memory: "16M", cmdline: i % 5 === 1 ? "quiet poweroff" : "quiet", cpus: 1 + i % 2 });
    if (i % 5 < 2) await vm.wait();
    else if (i % 5 === 2) await vm.pause(); // and ended while paused
    else if (i % 5 === 3) await vm.console.readable.cancel();
  }
  await assertNothingLeft(before);
});

Deno.test("resources: `await using` stops a machine, also when the block is left by an exception", async () => {
  const before = await heldBetweenMachines();
  let machine: Vm | undefined;
  await assertRejects(
    async () => {
      await using vm = await startPayload(spin());
      machine = vm;
      assertEquals(holdings().fds["anon_inode:kvm-vm"], 1);
      throw new Error("out of here");
    },
    Error,
    "out of here",
  );
  assertEquals(machine!.state, "stopped");
  assertEquals(await machine!.wait(), { reason: "stopped" });
  await assertNothingLeft(before);
});

Deno.test("resources: a start that fails when the machine is built already releases it", async () => {
  const before = await heldBetweenMachines();
  for (let i = 0; i < 10; i++) {
    // The command line is looked at when guest memory is there to take it, 4 vCPUs and their workers included.
    await assertRejects(() => Vm.start({ memory: "16M", cpus: 4, cmdline: "x".repeat(70_000) }), UserError);
  }
  await assertNothingLeft(before);
});

Deno.test("resources: eight machines at once do not know of each other", async () => {
  const before = await heldBetweenMachines();
  {
    await using stack = new AsyncDisposableStack();
    const machines = await Promise.all(
      Array.from(
        { length: 8 },
        async (_, i) => stack.use(await startPayload(counting("user"), { memory: `${16 + i}M` })),
      ),
    );
    assertEquals(guestMappings().length, 8);
    await machines[3]!.pause();
    await machines[5]!.stop();
    assertEquals(
      machines.map((vm) => vm.state).join(" "),
      "running running running paused running stopped running running",
    );
    const talkative = await Promise.all(
      Array.from(
        { length: 8 },
        (_, i) => Vm.start({ memory: "16M", cmdline: `quiet exit=${i}`, debugExit: true }),
      ),
    );
    const codes = await Promise.all(talkative.map(async (vm) => (await vm.wait()).code));
    assertEquals(codes, [1, 3, 5, 7, 9, 11, 13, 15]);
  }
  await assertNothingLeft(before);
});

Deno.test("memory: a guest of 64 GiB starts on a host without them, and has its last page", async () => {
  const GIB = 2 ** 30, LARGE_PAGE = 2 ** 21, MAGIC = 0x5ca1_ab1e;
  const last = 64 * GIB + (GPA.HOLE_END - GPA.HOLE_START) - LARGE_PAGE;
  const DIRECTORY = 0x20_0000; // for the fifth gigabyte of the payload's identity map, which ends at 4
  const payload = once("kernel", (a) => {
    a.mov(r.edi, DIRECTORY);
    a.mov(r.m32(r.rdi), (last % 2 ** 32) | 0xe7); // present, writable, user, accessed, dirty, large
    a.mov(r.m32(r.rdi, 4), Math.floor(last / 2 ** 32));
    a.mov(r.m32("pml4", 4096 + 5 * 8), DIRECTORY | 0x67);
    a.mov(r.rdi, 5 * GIB);
    a.mov(r.eax, r.m32(r.rdi));
    sendAccumulator(a, 4);
    a.mov(r.eax, MAGIC);
    a.mov(r.m32(r.rdi, LARGE_PAGE - 4), r.eax);
    a.mov(r.eax, r.m32(r.rdi, LARGE_PAGE - 4));
    sendAccumulator(a, 4);
    a.bind("stay");
    a.jmp("stay");
  });
  await using vm = await startPayload(payload, { memory: "64G" });
  const reader = vm.console.readable.getReader();
  const output: number[] = [];
  while (output.length < 8) output.push(...(await reader.read()).value!);
  assertEquals(output, [0, 0, 0, 0, 0x1e, 0xab, 0xa1, 0x5c]);
  const mapped = guestMappings();
  assertEquals(mapped.reduce((sum, { size }) => sum + size, 0), 64 * GIB);
  // SAFETY: the machine lives until the end of the test.
  const end = new DataView(borrow(mapped[0]!.address + BigInt(64 * GIB - 4096), 4096));
  assertEquals(end.getUint32(4092, true), MAGIC);
  const used = Number(/^VmRSS:\s+(\d+) kB/m.exec(Deno.readTextFileSync("/proc/self/status"))![1]);
  assert(used < 1e6, `${used} kB`);
});

Deno.test("memory: the embedded guest sees what it was given, on both sides of the hole", async () => {
  await using vm = await Vm.start({ memory: "5G", cmdline: "poweroff" });
  const text = await printed(vm);
  assertStringIncludes(text, "000000100000-0000bfffffff usable");
  assertStringIncludes(text, "000100000000-00017fffffff usable 2097152 KiB");
});
