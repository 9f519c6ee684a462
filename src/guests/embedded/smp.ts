/**
 * Starts the other processors and counts those that arrive.
 *
 * @module
 */

import { eax, edi, esi, m32, m8, rcx, rdi, rsi } from "../asm/operands.ts";
import { APIC } from "./apic.ts";
import { AT, VECTOR } from "./layout.ts";
import type { GuestProgram } from "./program.ts";

/** Interrupt commands, edge-triggered and asserted (SDM 3A §11.6.1, §9.4.4); the SIPI's vector is the start page. */
const INIT = 0x4500;
const START_UP = 0x4600 | AT.TRAMPOLINE >> 12;
/** LVT timer in periodic mode; dividing by one. KVM's and QEMU's local APIC timers run at 1 GHz. */
const PERIODIC = 1 << 17;
const MASKED = 1 << 16;
const DIVIDE_BY_1 = 0xb;
const TICK = 1_000_000;
/** Ten seconds: a loaded host starts 32 threads late, but no host that late. */
const PATIENCE = 10_000;

/** Start-up on the first processor, arrival on the others. */
export function smp(a: GuestProgram): void {
  a.bind("smp.start");
  a.lea(rdi, m8("acpi.count_cpu"));
  a.call("acpi.each_cpu");
  a.call("apic.setup");
  a.cmp(m32("acpi.cpus"), 2);
  a.j("b", ".done");
  a.lea(rsi, m8("boot.trampoline"));
  a.mov(edi, AT.TRAMPOLINE);
  a.lea(rcx, m8("boot.trampoline_end"));
  a.sub(rcx, rsi);
  a.rep();
  a.movs(8);
  for (const command of [INIT, START_UP]) {
    a.mov(m32("smp.command"), command);
    a.lea(rdi, m8("smp.signal"));
    a.call("acpi.each_cpu");
  }
  // Sleeps between looks: a busy wait would take host time from the very threads it waits for.
  timer(a, PERIODIC | VECTOR.TIMER, TICK);
  a.bind(".wait");
  a.mov(eax, m32("smp.online"));
  a.cmp(eax, m32("acpi.cpus"));
  a.j("ae", ".arrived");
  a.cmp(m32("trap.ticks"), PATIENCE);
  a.j("ae", ".arrived");
  a.sti();
  a.hlt();
  a.cli();
  a.jmp(".wait");
  a.bind(".arrived");
  timer(a, MASKED, 0);
  a.bind(".done");
  a.ret();

  // A visitor: sends the command to every processor but this one.
  a.bind("smp.signal");
  a.cmp(edi, m32("apic.id"));
  a.j("z", ".self");
  a.mov(esi, m32("smp.command"));
  a.jmp("apic.send");
  a.bind(".self");
  a.ret();

  // The others come here from the trampoline, in 64-bit mode without a stack, and sleep for good.
  a.bind("smp.arrive");
  a.lock();
  a.inc(m32("smp.online"));
  a.bind(".sleep");
  a.cli();
  a.hlt();
  a.jmp(".sleep");

  a.align(8);
  a.bind("smp.command");
  a.dd(0);
  a.bind("smp.online");
  a.dd(1);
}

function timer(a: GuestProgram, mode: number, count: number): void {
  for (
    const [register, value] of [[APIC.TIMER_DIVIDE, DIVIDE_BY_1], [APIC.TIMER, mode], [
      APIC.TIMER_COUNT,
      count,
    ]] as const
  ) {
    a.mov(edi, register);
    a.mov(esi, value);
    a.call("apic.write");
  }
}
