/**
 * The report: what the guest finds.
 *
 * @module
 */

import {
  eax,
  ebx,
  ecx,
  edi,
  edx,
  m32,
  m64,
  m8,
  r12,
  r12d,
  r13,
  r13d,
  rax,
  rbp,
  rbx,
  rcx,
  rdx,
  rsi,
} from "../asm/operands.ts";
import type { GuestProgram } from "./program.ts";
import { INSTRUCTIONS_A_ROUND } from "./user.ts";

/** hvm_start_info and its memory map entries (xen/include/public/arch-x86/hvm/start_info.h). */
const START_INFO_COMMAND_LINE = 24;
const START_INFO_MEMORY_MAP = 40;
const START_INFO_MEMORY_MAP_ENTRIES = 48;
const MEMORY_ENTRY_SIZE = 24;
/** Memory types as in E820 (ACPI 6.5 table 15.4). */
const MEMORY_TYPES = ["usable", "reserved", "ACPI tables", "ACPI non-volatile", "unusable"] as const;
/** CPUID leaves (SDM 2A table 3-8). */
const LEAF_HYPERVISOR = 0x4000_0000;
const HYPERVISOR_PRESENT = 1 << 31;
const LEAF_EXTENDED = 0x8000_0000;
const LEAF_BRAND = [0x8000_0002, 0x8000_0003, 0x8000_0004] as const;
const VENDOR_SIZE = 12;
const BRAND_SIZE = 48;
/** How much of the command line is shown. */
const SHOWN = 512;
/** How often user mode is measured, for a millisecond each, and kernel mode, for one round each. */
const USER_RUNS = 6;
const KERNEL_RUNS = 3;
const BEST_KEEPS = [rbx, rbp, r12, r13] as const;
/** Interpreters reach some tens of millions of instructions a second, processors thousands; in tenths of a million. */
const NATIVE = 1000;

/** `report.all`, and the parts of it that have commands of their own. */
export function report(a: GuestProgram): void {
  a.bind("report.all");
  a.say("Denovisor embedded guest\n");
  a.call("report.processor");
  a.call("report.memory");
  a.call("report.command_line");
  a.call("report.cpus");
  a.jmp("report.speed");

  processor(a);
  memory(a);
  commandLine(a);
  cpus(a);
  speed(a);

  a.bind("report.text");
  a.space(BRAND_SIZE);
}

function processor(a: GuestProgram): void {
  a.bind("report.processor");
  a.push(rbx);
  a.say("processor:    ");
  a.mov(eax, LEAF_EXTENDED);
  a.cpuid();
  a.cmp(eax, LEAF_BRAND[2]);
  a.j("b", ".vendor");
  LEAF_BRAND.forEach((leaf, i) => {
    a.mov(eax, leaf);
    a.cpuid();
    [eax, ebx, ecx, edx].forEach((register, j) => a.mov(m32("report.text", 16 * i + 4 * j), register));
  });
  a.cmp(m8("report.text"), 0); // hosts that hide the brand give zeros
  a.j("z", ".vendor");
  printText(a, BRAND_SIZE);
  a.say(", ");
  a.bind(".vendor");
  a.xor(eax, eax);
  a.cpuid();
  [ebx, edx, ecx].forEach((register, i) => a.mov(m32("report.text", 4 * i), register));
  printText(a, VENDOR_SIZE);
  a.say("\nhypervisor:   ");
  a.mov(eax, 1);
  a.cpuid();
  a.test(ecx, HYPERVISOR_PRESENT);
  a.j("z", ".bare");
  a.mov(eax, LEAF_HYPERVISOR);
  a.cpuid();
  [ebx, ecx, edx].forEach((register, i) => a.mov(m32("report.text", 4 * i), register));
  printText(a, VENDOR_SIZE);
  a.jmp(".end");
  a.bind(".bare");
  a.say("none shown");
  a.bind(".end");
  a.pop(rbx);
  a.say("\n");
  a.ret();
}

function printText(a: GuestProgram, size: number): void {
  a.lea(rsi, m8("report.text"));
  a.mov(ecx, size);
  a.call("print.string");
}

function memory(a: GuestProgram): void {
  a.bind("report.memory");
  a.push(rbx);
  a.push(r12);
  a.mov(rax, m64("boot.info"));
  a.mov(rbx, m64(rax, START_INFO_MEMORY_MAP));
  a.mov(r12d, m32(rax, START_INFO_MEMORY_MAP_ENTRIES));
  a.say("memory map:\n");
  a.bind(".next");
  a.test(r12d, r12d);
  a.j("z", ".end");
  a.cmp(m64(rbx, 8), 0); // QEMU lists an empty range at the end
  a.j("z", ".skip");
  a.say("  ");
  a.mov(rax, m64(rbx));
  a.call("print.address");
  a.say("-");
  a.mov(rax, m64(rbx));
  a.add(rax, m64(rbx, 8));
  a.add(rax, -1);
  a.call("print.address");
  a.say(" ");
  MEMORY_TYPES.forEach((name, i) => {
    a.loadText(name);
    a.cmp(m32(rbx, 16), i + 1);
    a.j("z", ".named");
  });
  a.loadText("of unknown type");
  a.bind(".named");
  a.call("uart.print");
  a.say(" ");
  a.mov(rax, m64(rbx, 8));
  a.shr(rax, 10);
  a.call("print.decimal");
  a.say(" KiB\n");
  a.bind(".skip");
  a.add(rbx, MEMORY_ENTRY_SIZE);
  a.dec(r12d);
  a.jmp(".next");
  a.bind(".end");
  a.pop(r12);
  a.pop(rbx);
  a.ret();
}

function commandLine(a: GuestProgram): void {
  a.bind("report.command_line");
  a.say("command line: ");
  a.mov(rsi, m64("boot.info"));
  a.mov(rsi, m64(rsi, START_INFO_COMMAND_LINE));
  a.mov(ecx, SHOWN);
  a.test(rsi, rsi);
  a.j("z", ".none");
  a.call("print.string");
  a.bind(".none");
  a.say("\n");
  a.ret();
}

function cpus(a: GuestProgram): void {
  a.bind("report.cpus");
  a.cmp(m32("acpi.cpus"), 0);
  a.j("z", ".no_table");
  a.mov(eax, m32("smp.online"));
  a.call("print.decimal");
  a.say(" of ");
  a.mov(eax, m32("acpi.cpus"));
  a.call("print.decimal");
  a.say(" vCPUs online\n");
  a.ret();
  a.bind(".no_table");
  a.say("1 vCPU online; no ACPI table lists any\n");
  a.ret();
}

function speed(a: GuestProgram): void {
  a.bind("report.speed");
  a.say("clock:        ");
  a.mov(eax, m32("clock.khz"));
  a.test(eax, eax);
  a.j("z", ".no_clock");
  a.xor(edx, edx);
  a.mov(ecx, 1000);
  a.div(ecx);
  a.call("print.decimal");
  a.say(" MHz, ");
  a.loadText("by the PIT\n");
  a.cmp(m32("clock.by_kvm"), 0);
  a.j("z", ".source");
  a.loadText("by kvmclock\n");
  a.bind(".source");
  a.call("uart.print");

  a.say("user mode:    ");
  a.lea(rax, m8("user.measured"));
  a.mov(edi, m32("clock.khz")); // ticks in a millisecond
  a.mov(ecx, USER_RUNS);
  a.call("report.best");
  a.call("report.print_rate");
  a.say("kernel mode:  ");
  a.lea(rax, m8("work.run"));
  a.xor(edi, edi); // one round, which takes an interpreter a millisecond
  a.mov(ecx, KERNEL_RUNS);
  a.call("report.best");
  a.jmp("report.print_rate");
  a.bind(".no_clock");
  a.say("none to be trusted, so no speed is measured\n");
  a.ret();

  // rax: what to run, edi: ticks each time, ecx: how often. The best rate to rax: a run in which the host took the
  // processor away tells nothing.
  a.bind("report.best");
  for (const register of BEST_KEEPS) a.push(register);
  a.mov(rbp, rax);
  a.mov(ebx, ecx);
  a.mov(r13d, edi);
  a.xor(r12d, r12d);
  a.bind(".again");
  a.mov(edi, r13d);
  a.call(rbp);
  a.call("report.rate");
  a.cmp(rax, r12);
  a.j("be", ".slower");
  a.mov(r12, rax);
  a.bind(".slower");
  a.dec(ebx);
  a.j("nz", ".again");
  a.mov(rax, r12);
  for (const register of BEST_KEEPS.toReversed()) a.pop(register);
  a.ret();

  // rax: rounds, rdx: ticks. To rax, tenths of a million: rounds × instructions × kHz / (ticks × 100).
  a.bind("report.rate");
  a.mov(rcx, rdx);
  a.mov(edx, INSTRUCTIONS_A_ROUND);
  a.mul(rdx);
  a.mov(edx, m32("clock.khz"));
  a.mul(rdx);
  a.div(rcx);
  a.mov(ecx, 100);
  a.xor(edx, edx);
  a.div(rcx);
  a.ret();

  a.bind("report.print_rate");
  a.push(r12);
  a.mov(r12, rax);
  a.call("print.tenths");
  a.say(" million instructions/s, ");
  a.loadText("native\n");
  a.cmp(r12, NATIVE);
  a.j("ae", ".kind");
  a.loadText("interpreted\n");
  a.bind(".kind");
  a.pop(r12);
  a.jmp("uart.print");
}
