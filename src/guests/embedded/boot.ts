/**
 * From the PVH entry point to 64-bit mode, on the first processor and on the others.
 *
 * @module
 */

import { Assembler } from "../asm/assembler.ts";
import { cr0, cr3, cr4, ds, eax, ebx, ecx, edx, es, m32, m64, rbx, rsp, ss } from "../asm/operands.ts";
import { AT, CPU_MODE, MSR, SELECTOR } from "./layout.ts";
import type { GuestProgram } from "./program.ts";

/** hvm_start_info.magic (xen/include/public/arch-x86/hvm/start_info.h). */
const START_MAGIC = 0x336e_c578;
/** Size of hvm_start_info, version 1. */
const START_INFO_SIZE = 56;

/** Entry point: 32-bit protected mode, paging off, EBX = hvm_start_info (Xen's docs/misc/pvh.pandoc). */
export function entry(a: GuestProgram): void {
  a.bind("boot.entry");
  a.cli();
  a.cld();
  intoLongMode(a, "pml4", "gdt.pointer");
  a.jmpFar(SELECTOR.KERNEL_CODE, "boot.long");

  a.bits = 64;
  a.bind("boot.long");
  a.mov(eax, SELECTOR.KERNEL_DATA);
  for (const segment of [ds, es, ss]) a.movToSegment(segment, eax);
  a.mov(rsp, AT.KERNEL_STACK);
  a.lidt(m64("idt.pointer"));
  a.mov(eax, SELECTOR.TSS);
  a.ltr(eax);
  a.mov(ebx, ebx); // clears the upper half, which the mode switch leaves undefined
  a.cmp(m32(rbx), START_MAGIC);
  a.j("nz", "main");
  a.mov(m64("boot.info"), rbx);
  a.jmp("main");

  a.align(8);
  a.bind("boot.info");
  a.dq("boot.no_info");
  // What a loader that tells nothing is taken to have told: no memory map, no tables, an empty command line.
  a.bind("boot.no_info");
  a.space(24);
  a.dq("boot.no_info");
  a.space(START_INFO_SIZE - 32);
}

/**
 * Real-mode code for the other processors: an INIT-SIPI-SIPI starts them at its page. It goes from real to 64-bit
 * mode in one step: with EFER.LME set, CR0 turns protection and paging on together (SDM 3A §9.8.5).
 */
export function trampoline(a: GuestProgram): void {
  const t = new Assembler(AT.TRAMPOLINE, 16);
  t.cli();
  t.cld();
  intoLongMode(t, a.addressOf("pml4"), "pointer");
  t.jmpFar(SELECTOR.KERNEL_CODE, a.addressOf("smp.arrive"));
  t.bind("pointer");
  t.dw(a.addressOf("gdt.end") - a.addressOf("gdt") - 1);
  t.dd(a.addressOf("gdt"));
  const code = t.finish();
  a.bind("boot.trampoline");
  a.bytes(code);
  a.bind("boot.trampoline_end");
}

function intoLongMode(a: Assembler, pageTables: string | number, gdtPointer: string): void {
  a.mov(eax, CPU_MODE.CR4);
  a.movToControl(cr4, eax);
  a.mov(eax, pageTables);
  a.movToControl(cr3, eax);
  a.mov(ecx, MSR.EFER);
  a.mov(eax, CPU_MODE.EFER);
  a.xor(edx, edx);
  a.wrmsr();
  a.lgdt(m64(gdtPointer));
  a.mov(eax, CPU_MODE.CR0);
  a.movToControl(cr0, eax);
}
