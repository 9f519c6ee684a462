/**
 * The local APIC, through memory (xAPIC) or MSRs (x2APIC), and the IOAPIC's one line that matters.
 *
 * @module
 */

import { GPA, IRQ } from "../../board/addresses.ts";
import { al, eax, ecx, edi, edx, esi, m32, rax, rcx, rdi } from "../asm/operands.ts";
import { MSR, VECTOR } from "./layout.ts";
import type { GuestProgram } from "./program.ts";

/** Local APIC registers (Intel SDM 3A table 11-1); an x2APIC's MSR is 0x800 + register / 16. */
export const APIC = {
  ID: 0x20,
  EOI: 0xb0,
  SPURIOUS: 0xf0,
  COMMAND: 0x300,
  COMMAND_HIGH: 0x310,
  TIMER: 0x320,
  TIMER_COUNT: 0x380,
  TIMER_DIVIDE: 0x3e0,
} as const;

/** IA32_APIC_BASE (SDM 3A §11.12.1): x2APIC mode. */
const X2APIC_ENABLED = 1 << 10;
const SOFTWARE_ENABLED = 0x100;
const DELIVERY_PENDING = 1 << 12;
/** Both interrupt controllers of the PC/AT (Intel 8259A): the mask registers. */
const PIC_MASKS = [0x21, 0xa1] as const;
/** IOAPIC (Intel 82093AA §3.1): index and data windows, first redirection entry. */
const IO_INDEX = 0x00;
const IO_DATA = 0x10;
const IO_REDIRECTION = 0x10;

/** Set-up, register access, inter-processor interrupts. */
export function apic(a: GuestProgram): void {
  a.bind("apic.setup");
  a.mov(al, 0xff); // the old controllers must not speak up when interrupts are enabled
  for (const port of PIC_MASKS) a.out(port, al);
  a.mov(ecx, MSR.APIC_BASE);
  a.rdmsr();
  a.test(eax, X2APIC_ENABLED);
  a.j("nz", ".x2");
  a.cmp(m32("apic.want_x2"), 0);
  a.j("z", ".mode_known");
  a.or(eax, X2APIC_ENABLED);
  a.wrmsr();
  a.bind(".x2");
  a.mov(m32("apic.x2"), 1);
  a.bind(".mode_known");
  a.and(eax, 0xffff_f000);
  a.mov(m32("apic.base"), eax);
  a.mov(edi, APIC.SPURIOUS);
  a.mov(esi, SOFTWARE_ENABLED | VECTOR.SPURIOUS);
  a.call("apic.write");
  a.mov(edi, APIC.ID);
  a.call("apic.read");
  a.cmp(m32("apic.x2"), 0);
  a.j("nz", ".id_known");
  a.shr(eax, 24);
  a.bind(".id_known");
  a.mov(m32("apic.id"), eax);
  a.ret();

  // edi: register, esi: value.
  a.bind("apic.write");
  a.cmp(m32("apic.x2"), 0);
  a.j("nz", ".msr");
  a.mov(eax, m32("apic.base"));
  a.mov(m32(rax, 0, rdi), esi);
  a.ret();
  a.bind(".msr");
  registerMsr(a);
  a.mov(eax, esi);
  a.xor(edx, edx);
  a.wrmsr();
  a.ret();

  // edi: register; its value to eax.
  a.bind("apic.read");
  a.cmp(m32("apic.x2"), 0);
  a.j("nz", ".msr");
  a.mov(eax, m32("apic.base"));
  a.mov(eax, m32(rax, 0, rdi));
  a.ret();
  a.bind(".msr");
  registerMsr(a);
  a.rdmsr();
  a.ret();

  // edi: destination APIC ID, esi: interrupt command.
  a.bind("apic.send");
  a.cmp(m32("apic.x2"), 0);
  a.j("nz", ".msr");
  a.mov(eax, m32("apic.base"));
  a.shl(edi, 24);
  a.mov(m32(rax, APIC.COMMAND_HIGH), edi);
  a.mov(m32(rax, APIC.COMMAND), esi);
  a.bind(".pending");
  a.test(m32(rax, APIC.COMMAND), DELIVERY_PENDING);
  a.j("nz", ".pending");
  a.ret();
  a.bind(".msr"); // one 64-bit register, no pending bit (SDM 3A §11.12.9)
  a.mov(ecx, MSR.X2APIC + APIC.COMMAND / 16);
  a.mov(eax, esi);
  a.mov(edx, edi);
  a.wrmsr();
  a.ret();

  // Routes COM1 to this processor, edge-triggered as on ISA.
  a.bind("apic.route_com1");
  a.mov(ecx, m32("apic.io_base"));
  a.mov(edx, m32("apic.id"));
  a.shl(edx, 24);
  a.mov(m32(rcx, IO_INDEX), IO_REDIRECTION + 2 * IRQ.COM1 + 1);
  a.mov(m32(rcx, IO_DATA), edx);
  a.mov(m32(rcx, IO_INDEX), IO_REDIRECTION + 2 * IRQ.COM1);
  a.mov(m32(rcx, IO_DATA), VECTOR.COM1);
  a.ret();

  a.align(8);
  const words: readonly (readonly [string, number])[] = [
    ["apic.base", GPA.LOCAL_APIC],
    ["apic.io_base", GPA.IOAPIC],
    ["apic.id", 0],
    ["apic.x2", 0],
    ["apic.want_x2", 0],
  ];
  for (const [name, value] of words) {
    a.bind(name);
    a.dd(value);
  }
}

function registerMsr(a: GuestProgram): void {
  a.mov(ecx, edi);
  a.shr(ecx, 4);
  a.add(ecx, MSR.X2APIC);
}
