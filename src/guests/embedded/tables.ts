/**
 * The processor's tables, finished when the image is assembled: page tables, GDT, TSS and IDT.
 *
 * Kernel-mode code may be interpreted, at two million instructions a second, so nothing is filled in at run time.
 *
 * @module
 */

import { AT, SELECTOR, VECTOR } from "./layout.ts";
import type { GuestProgram } from "./program.ts";

/** Present, writable, user, accessed, dirty: set beforehand, so that no walk has to write them (SDM 3A §4.5). */
const PAGE = 0x67;
const LARGE = 0x80;
/** Write-through and cache-disable, for the gigabyte of memory-mapped devices. */
const UNCACHED = 0x18;
const ENTRIES = 512;
const LARGE_PAGE = 2 ** 21;
const GIGABYTES = 4;

/** Maps the first 4 GiB to themselves in 2 MiB pages, for kernel and user mode alike: one program, no secrets. */
export function pageTables(a: GuestProgram): void {
  a.align(4096);
  a.bind("pml4");
  const pml4 = a.here;
  // One PML4, one page directory pointer table, four page directories; addresses need the low halves only.
  const halves = new Uint32Array((2 + GIGABYTES) * ENTRIES * 2);
  const set = (entry: number, value: number) => halves[entry * 2] = value;
  set(0, (pml4 + 4096) | PAGE);
  for (let gib = 0; gib < GIGABYTES; gib++) {
    set(ENTRIES + gib, (pml4 + 4096 * (2 + gib)) | PAGE);
    const flags = PAGE | LARGE | (gib === 3 ? UNCACHED : 0);
    for (let i = 0; i < ENTRIES; i++) set((2 + gib) * ENTRIES + i, (gib * ENTRIES + i) * LARGE_PAGE + flags);
  }
  a.bytes(new Uint8Array(halves.buffer));
}

/** Segment descriptors (SDM 3A §3.4.5): 64-bit code has L set, and base and limit do not count. */
const KERNEL_CODE = 0x00af_9b00_0000_ffffn;
const KERNEL_DATA = 0x00cf_9300_0000_ffffn;
const USER_DATA = 0x00cf_f300_0000_ffffn;
const USER_CODE = 0x00af_fb00_0000_ffffn;
/** Bytes in a 64-bit TSS (SDM 3A §8.7). The I/O permission map follows; past the segment's end, all is forbidden. */
const TSS_SIZE = 104;
/** One bit a port, and the byte of ones that the processor wants behind them (SDM 1 §19.5.2). */
const PORT_MAP_SIZE = 65536 / 8;

/** GDT and TSS. User mode has no ports. */
export function segments(a: GuestProgram): void {
  taskState(a, 0);
  descriptors(a, TSS_SIZE);
}

/** GDT and TSS. User mode has all ports, by the TSS's map: a KVM that interprets IRET may ignore its IOPL. */
export function segmentsWithUserPorts(a: GuestProgram): void {
  taskState(a, PORT_MAP_SIZE);
  a.db(0xff);
  descriptors(a, TSS_SIZE + PORT_MAP_SIZE + 1);
}

function taskState(a: GuestProgram, portMapSize: number): void {
  a.align(16);
  a.bind("tss");
  a.dd(0);
  a.dq(AT.INTERRUPT_STACK); // RSP0: the stack for traps out of user mode
  a.space(TSS_SIZE - 12 - 2);
  a.dw(TSS_SIZE);
  a.space(portMapSize);
}

function descriptors(a: GuestProgram, tssSize: number): void {
  const tss = a.addressOf("tss");
  a.align(16);
  a.bind("gdt");
  a.dq(0);
  for (const descriptor of [KERNEL_CODE, KERNEL_DATA, USER_DATA, USER_CODE]) a.dq(descriptor);
  // 64-bit TSS descriptor, 16 bytes, type 9 and present (SDM 3A figure 8-4).
  a.dw(tssSize - 1);
  a.dw(tss & 0xffff);
  a.db(tss >> 16 & 0xff, 0x89, 0, tss >> 24 & 0xff);
  a.dq(0);
  a.bind("gdt.end");
  pointer(a, "gdt.pointer", "gdt", SELECTOR.TSS + 16);
}

/** IDT: needs the trap room's handlers to be assembled already. */
export function interrupts(a: GuestProgram): void {
  a.align(16);
  a.bind("idt");
  for (let vector = 0; vector < VECTOR.COUNT; vector++) {
    const handler = a.bound(`trap.${vector}`);
    // Interrupt gate (SDM 3A §6.14.1); user mode may use the breakpoint's, its way back into the kernel.
    const type = handler === undefined ? 0 : vector === VECTOR.BREAKPOINT ? 0xee : 0x8e;
    const address = handler ?? 0;
    a.dw(address & 0xffff);
    a.dw(SELECTOR.KERNEL_CODE);
    a.db(0, type);
    a.dw(address >> 16 & 0xffff);
    a.dq(0);
  }
  pointer(a, "idt.pointer", "idt", VECTOR.COUNT * 16);
}

function pointer(a: GuestProgram, name: string, table: string, size: number): void {
  a.align(8);
  a.bind(name);
  a.dw(size - 1);
  a.dq(table);
}
