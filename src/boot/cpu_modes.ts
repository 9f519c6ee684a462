/**
 * The processor states in which kernels start, and what they need in low guest memory.
 *
 * @module
 */

import { GPA } from "../board/addresses.ts";
import type { GuestRam } from "../memory/guest_memory.ts";
import type { BootEntry } from "./entry.ts";
import { GDT_SIZE, realModeSegments, SEGMENTS_32, SEGMENTS_64, writeGdt } from "./gdt.ts";
import { PAGE_TABLES_SIZE, writeIdentityMap } from "./page_tables.ts";
import type { Placement } from "./placement.ts";

/** CR0 bits (Intel SDM 3A §2.5). */
const CR0 = {
  PE: 1 << 0,
  MP: 1 << 1,
  ET: 1 << 4,
  NE: 1 << 5,
  WP: 1 << 16,
  AM: 1 << 18,
  PG: 0x8000_0000,
} as const;
const CR4_PAE = 1 << 5;
/** IA32_EFER bits (Intel SDM 3A §2.2.1). */
const EFER = { LME: 1 << 8, LMA: 1 << 10 } as const;
/** RFLAGS: all clear but bit 1, which is always set; so interrupts are off. */
const RFLAGS_CLEAR = 2;

const STACK_SIZE = 4096;
const EMPTY_TABLE = { base: 0, limit: 0 } as const;
/** GDTR and IDTR after a reset (Intel SDM 3A, table 10-1). */
const RESET_TABLE = { base: 0, limit: 0xffff } as const;

type Given = Pick<BootEntry, "protocol" | "description" | "rip" | "registers">;

/** Claims the low memory of a 64-bit entry. */
export function claimLongMode(placement: Placement): void {
  claimProtectedMode(placement);
  placement.claim("the boot page tables", GPA.PAGE_TABLES, PAGE_TABLES_SIZE);
}

/** 64-bit mode with the first 4 GiB mapped to themselves; writes page tables and GDT. */
export function enterLongMode(ram: GuestRam, given: Given): BootEntry {
  return {
    ...given,
    mode: "long",
    rflags: RFLAGS_CLEAR,
    registers: { rsp: GPA.BOOT_STACK, ...given.registers },
    cr0: CR0.PE + CR0.MP + CR0.ET + CR0.NE + CR0.WP + CR0.AM + CR0.PG,
    cr4: CR4_PAE,
    efer: EFER.LME | EFER.LMA,
    pageTable: writeIdentityMap(ram),
    gdt: writeGdt(ram, SEGMENTS_64),
    idt: EMPTY_TABLE,
    segments: SEGMENTS_64,
  };
}

/** Claims the low memory of a 32-bit entry. */
export function claimProtectedMode(placement: Placement): void {
  placement.claim("the boot GDT", GPA.BOOT_GDT, GDT_SIZE);
  placement.claim("the boot stack", GPA.BOOT_STACK - STACK_SIZE, STACK_SIZE);
}

/** 32-bit protected mode without paging; writes the GDT. */
export function enterProtectedMode(ram: GuestRam, given: Given): BootEntry {
  return {
    ...given,
    mode: "protected",
    rflags: RFLAGS_CLEAR,
    registers: { rsp: GPA.BOOT_STACK, ...given.registers },
    cr0: CR0.PE | CR0.ET,
    cr4: 0,
    efer: 0,
    gdt: writeGdt(ram, SEGMENTS_32),
    idt: EMPTY_TABLE,
    segments: SEGMENTS_32,
  };
}

/** 16-bit real mode; writes nothing. `rip` is an offset from 16 × `codeSegment`. */
export function enterRealMode(given: Given, codeSegment: number, stackSegment: number): BootEntry {
  return {
    ...given,
    mode: "real",
    rflags: RFLAGS_CLEAR,
    cr0: CR0.ET,
    cr4: 0,
    efer: 0,
    gdt: RESET_TABLE,
    idt: { base: 0, limit: 0x3ff },
    segments: realModeSegments(codeSegment, stackSegment),
  };
}
