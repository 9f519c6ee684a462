import {
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { GuestError, Vm } from "../../mod.ts";
import { PORT } from "../../src/board/addresses.ts";
import { PM1 } from "../../src/devices/acpi_pm/registers.ts";
import * as r from "../../src/guests/asm/operands.ts";
import { runAway, tripleFault } from "../../src/guests/payloads/loops.ts";
import { kernelMode, type Payload, powerOff, protectedMode } from "../../src/guests/payloads/wrap.ts";
import { interpretsKernelMode } from "../../src/vcpu/flavour.ts";
import { printed, startPayload } from "../support/payload_machine.ts";
import * as payloads from "../support/payloads.ts";

/** Break code of Delete in set 1, as the keyboard controller translates it. */
const DELETE_RELEASED = 0xd3;

Deno.test("ending: a triple fault, and another machine after it", async () => {
  for (let round = 0; round < 3; round++) {
    await using vm = await startPayload(tripleFault());
    assertEquals(await vm.wait(), { reason: "triple-fault" });
    assertEquals(vm.state, "stopped");
  }
});

Deno.test("ending: the debug exit port gives its status in any width, and is nobody's unless asked for", async () => {
  const leave = (value: number, width: 1 | 4) =>
    protectedMode((a) => {
      a.mov(r.eax, value);
      a.mov(r.dx, PORT.ISA_DEBUG_EXIT);
      a.out(r.dx, width === 1 ? r.al : r.eax);
      powerOff(a);
    });
  for (const [value, width, code] of [[0, 1, 1], [5, 1, 11], [0x7f, 1, 255], [0x1_0010, 4, 33]] as const) {
    await using vm = await startPayload(leave(value, width), { debugExit: true });
    assertEquals(await vm.wait(), { reason: "debug-exit", code });
  }
  await using vm = await startPayload(leave(5, 1));
  assertEquals(await vm.wait(), { reason: "poweroff" });
});

Deno.test("ending: the guest does nothing more after the write that ends it", async () => {
  const payload = protectedMode((a) => {
    a.mov(r.dx, PORT.COM1);
    a.mov(r.al, 0x41);
    a.out(r.dx, r.al);
    a.mov(r.dx, PORT.RESET_CONTROL);
    a.mov(r.al, 6);
    a.out(r.dx, r.al);
    a.mov(r.dx, PORT.COM1);
    a.mov(r.al, 0x42);
    a.out(r.dx, r.al);
    powerOff(a);
  });
  for (let round = 0; round < 10; round++) {
    await using vm = await startPayload(payload);
    await vm.pause(); // and whatever its owner asks for in that moment
    vm.resume();
    assertEquals([await printed(vm), await vm.wait()], ["A", { reason: "reset" }]);
  }
});

Deno.test("ending: the power button and Ctrl-Alt-Del reach a guest that looks for them", async () => {
  const listener = protectedMode((a) => {
    a.mov(r.dx, PORT.COM1);
    a.mov(r.al, 0x21); // "!": from now on it listens
    a.out(r.dx, r.al);
    a.bind("look");
    a.mov(r.dx, PORT.ACPI_PM1_EVENT);
    a.in(r.ax, r.dx);
    a.test(r.eax, PM1.POWER_BUTTON);
    a.j("nz", "off");
    a.in(r.al, PORT.I8042_COMMAND);
    a.test(r.al, 1);
    a.j("z", "look");
    a.in(r.al, PORT.I8042_DATA);
    a.cmp(r.al, DELETE_RELEASED - 0x100);
    a.j("nz", "look");
    a.mov(r.al, 0xfe); // pulse the reset line
    a.out(PORT.I8042_COMMAND, r.al);
    a.bind("off");
    powerOff(a);
  });
  for (const [press, reason] of [["powerButton", "poweroff"], ["ctrlAltDel", "reset"]] as const) {
    await using vm = await startPayload(listener);
    const { value } = await vm.console.readable.getReader().read();
    assertEquals(value, Uint8Array.of(0x21));
    vm[press]();
    assertEquals(await vm.wait(), { reason });
  }
});

/** The fault that a machine ends with. */
async function faultOf(payload: Payload): Promise<GuestError> {
  await using vm = await startPayload(payload);
  const error = await assertRejects(() => vm.wait(), GuestError);
  assertEquals(vm.state, "stopped");
  return error;
}

Deno.test("fault: code where there is no RAM says what, where, with which registers, and what to do", async () => {
  for (let round = 0; round < 20; round++) { // the report races the machine's end
    const { message, hint } = await faultOf(runAway(0xd000_0000));
    assertMatch(
      message,
      /^the guest cannot go on: vCPU 0: KVM_EXIT_INTERNAL_ERROR, suberror 1 \(emulation\)/,
    );
    assertStringIncludes(message, "at rip 0xd0000000");
    assertMatch(message, /rax 00000000d0000000 .*\n/);
    assertMatch(message, /cr0 [0-9a-f]{16} /);
    assertStringIncludes(hint!, "no RAM");
  }
});

Deno.test("fault: an instruction that this KVM cannot interpret shows its bytes and the way out", async () => {
  const XGETBV = [0x0f, 0x01, 0xd0];
  const payload = kernelMode((a) => {
    a.mov(r.ebx, 0x1234_5678);
    a.db(...XGETBV);
    payloads.sendAccumulator(a, 1);
    powerOff(a);
  });
  if (!interpretsKernelMode()) {
    // A processor executes it, and without CR4.OSXSAVE that is an invalid opcode; the payload handles none.
    await using vm = await startPayload(payload);
    return assertEquals(await vm.wait(), { reason: "triple-fault" });
  }
  const { message, hint } = await faultOf(payload);
  assertMatch(message, /instruction bytes 0f 01 d0/);
  assertMatch(message, /rbx 0000000012345678/);
  for (const part of ["kvm_pvm", "cannot run unmodified kernels", "denovisor lab", "VMX or SVM"]) {
    assertStringIncludes(hint!, part);
  }
});

Deno.test("fault: nobody has to wait for it", async () => {
  await using vm = await startPayload(runAway(0xd000_0000));
  assertEquals(await printed(vm), ""); // to the end; the error is nobody's, and no crash of the program
  assertInstanceOf(await vm.wait().catch((error) => error), GuestError);
});

Deno.test("trace: the lines of every exit arrive, to the last one", async () => {
  const lines: string[] = [];
  const payload = payloads.once("real", (a) => {
    for (let i = 0; i < 300; i++) {
      a.mov(r.al, i & 0xff);
      a.out(0x80, r.al);
    }
  });
  await using vm = await startPayload(payload, { trace: ["exits"] }, { trace: (line) => lines.push(line) });
  await vm.wait();
  const writes = lines.filter((line) => line.includes("port 0x80"));
  assertEquals(
    writes,
    Array.from({ length: 300 }, (_, i) => `vcpu0 out port 0x80, 1 B ← 0x${(i & 0xff).toString(16)}`),
  );
  assertStringIncludes(lines.at(-1)!, "port 0x604");
});

Deno.test("log: what the host refuses is said, and starts the guest all the same", async () => {
  const problems: string[] = [];
  await using vm = await Vm.start({ memory: "16M", cmdline: "quiet poweroff" }, {
    log: (level, text) => void (level === "info" || problems.push(text)),
  });
  assertEquals([await vm.wait(), problems], [{ reason: "poweroff" }, []]);
});
