import { assertEquals } from "@std/assert";
import { GPA, IRQ, PORT } from "../../src/board/addresses.ts";
import type { Assembler } from "../../src/guests/asm/assembler.ts";
import * as r from "../../src/guests/asm/operands.ts";
import { printed, startPayload } from "../support/payload_machine.ts";
import { twoProcessors, waitForSecond } from "../support/smp_payload.ts";

const TRANSMITTER_EMPTY = 0x20;
const TRANSMITTER_EMPTY_INTERRUPT = 0x02;
/** Bits of a redirection entry (82093AA §3.2.4). */
const LEVEL_TRIGGERED = 1 << 15;
const REMOTE_IRR = 14;

/** Sends a letter `count` times as a polling driver does, and reads other registers in between. */
const sender = (letter: string, count: number) => (a: Assembler) => {
  a.mov(r.ecx, count);
  a.bind("next");
  a.mov(r.dx, PORT.COM1 + 5);
  a.bind("busy");
  a.in(r.al, r.dx);
  a.test(r.al, TRANSMITTER_EMPTY);
  a.j("z", "busy");
  a.mov(r.dx, PORT.COM1);
  a.mov(r.al, letter.charCodeAt(0));
  a.out(r.dx, r.al);
  a.mov(r.dx, PORT.COM1 + 2); // interrupt identification
  a.in(r.al, r.dx);
  a.dec(r.ecx);
  a.j("nz", "next");
};

Deno.test("smp: two vCPUs on one UART lose no byte and make none up", async () => {
  const count = 3000;
  await using vm = await startPayload(twoProcessors(sender("A", count), sender("B", count)), { cpus: 2 });
  const text = await printed(vm);
  assertEquals(await vm.wait(), { reason: "poweroff" });
  assertEquals([text.replaceAll("B", "").length, text.replaceAll("A", "").length], [count, count]);
  assertEquals(/AB.*AB/.test(text), true, "they ran at the same time");
});

/** Enables and disables an interrupt of a UART that is always pending, so that its line goes up and down. */
const toggler = (port: number, count: number, leaveHigh: boolean) => (a: Assembler) => {
  const enable = (value: number) => {
    a.mov(r.dx, port + 1);
    a.mov(r.al, value);
    a.out(r.dx, r.al);
  };
  a.mov(r.dx, port + 4);
  a.mov(r.al, 0x08); // OUT2: the interrupt's gate
  a.out(r.dx, r.al);
  a.mov(r.ecx, count);
  a.bind("toggle");
  enable(TRANSMITTER_EMPTY_INTERRUPT);
  enable(0);
  a.dec(r.ecx);
  a.j("nz", "toggle");
  if (leaveHigh) enable(TRANSMITTER_EMPTY_INTERRUPT);
};

/** Whether the IOAPIC sees line 4 high, sent to COM1: an unmasked level-triggered entry delivers it at once then. */
function sendLevel(a: Assembler): void {
  const write = (address: number, value: number) => {
    a.mov(r.edi, address);
    a.mov(r.m32(r.edi), value);
  };
  write(GPA.LOCAL_APIC + 0xf0, 0x1ff); // spurious vector: the local APIC accepts interrupts
  const entry = 0x10 + 2 * IRQ.COM1; // 82093AA §3.2.4
  write(GPA.IOAPIC, entry + 1);
  write(GPA.IOAPIC + 0x10, 0); // to the first processor
  write(GPA.IOAPIC, entry);
  write(GPA.IOAPIC + 0x10, LEVEL_TRIGGERED | 0x40);
  a.mov(r.edi, GPA.IOAPIC + 0x10);
  a.mov(r.eax, r.m32(r.edi));
  a.shr(r.eax, REMOTE_IRR);
  a.mov(r.dx, PORT.COM1);
  a.out(r.dx, r.al);
}

for (const leaveHigh of [false, true]) {
  Deno.test(`smp: two vCPUs that toggle one interrupt line leave it ${leaveHigh ? "high" : "low"}`, async () => {
    const payload = twoProcessors((a) => {
      toggler(PORT.COM1, 3000, false)(a);
      waitForSecond(a);
      sendLevel(a);
    }, toggler(PORT.COM3, 3000, leaveHigh));
    await using vm = await startPayload(payload, { cpus: 2, serial: ["stream", "null", "null"] });
    const { value } = await vm.console.readable.getReader().read();
    assertEquals([value!.length, value![0]! & 1], [1, leaveHigh ? 1 : 0]);
    assertEquals(await vm.wait(), { reason: "poweroff" });
  });
}
