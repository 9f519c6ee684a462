/**
 * Makes bootable payloads of a few instructions: one function for each mode that a processor can be in.
 *
 * @module
 */

import { ACPI_VALUES, PORT } from "../../board/addresses.ts";
import { Assembler } from "../asm/assembler.ts";
import { ax, dx, esp, m8, rax } from "../asm/operands.ts";
import { pvhElf } from "../elf.ts";
import { entry } from "../embedded/boot.ts";
import { AT, SELECTOR } from "../embedded/layout.ts";
import { GuestProgram } from "../embedded/program.ts";
import { interrupts, pageTables, segmentsWithUserPorts } from "../embedded/tables.ts";

/** A tiny guest: a kernel file, and the protocol that starts it. */
export interface Payload {
  /** `flat`: real mode at {@linkcode FLAT_ADDRESS}; `pvh`: an ELF64 with a PVH note. */
  readonly protocol: "flat" | "pvh";
  /** The kernel file's bytes. */
  readonly image: Uint8Array;
}

/** Writes a payload's instructions. */
export type Code = (a: Assembler) => void;

/** Where a flat payload is loaded and starts, at 0:0x7c00 as a boot sector does. */
export const FLAT_ADDRESS = 0x7c00;
/** Interrupts off, and the always-one bit. */
const RFLAGS_CLEAR = 2;
const SLEEP = ACPI_VALUES.S5_SLEEP_TYPE << 10 | 1 << 13;

/** Real mode: 16-bit code with DS, ES and SS 0. */
export function realMode(code: Code): Payload {
  const a = new Assembler(FLAT_ADDRESS, 16);
  code(a);
  return { protocol: "flat", image: a.finish() };
}

/** Kernel mode in flat 32-bit protected mode without paging, with a stack: reaches all addresses below 4 GiB. */
export function protectedMode(code: Code): Payload {
  const a = new Assembler(AT.IMAGE, 32);
  a.bind("start");
  a.mov(esp, AT.KERNEL_STACK);
  code(a);
  return wrap(a, "start");
}

/** 64-bit kernel mode, identity-mapped below 4 GiB, with a stack and no interrupt handlers. */
export function kernelMode(code: Code): Payload {
  return longMode(code);
}

/** 64-bit user mode (CPL 3) with access to all ports: runs natively on every KVM. */
export function userMode(code: Code): Payload {
  return longMode((a) => {
    a.push(SELECTOR.USER_DATA);
    a.push(AT.USER_STACK);
    a.push(RFLAGS_CLEAR);
    a.push(SELECTOR.USER_CODE);
    a.lea(rax, m8("user"));
    a.push(rax);
    a.iretq();
    a.bind("user");
    code(a);
  });
}

/** Powers off through ACPI: how a payload that has an end says that it got there. */
export function powerOff(a: Assembler): void {
  a.mov(dx, PORT.ACPI_PM1_CONTROL);
  a.mov(ax, SLEEP);
  a.out(dx, ax);
  a.bind("powered_off");
  a.hlt();
  a.jmp("powered_off");
}

function longMode(code: Code): Payload {
  const a = new GuestProgram();
  entry(a);
  a.bind("main");
  code(a);
  for (const table of [segmentsWithUserPorts, interrupts, pageTables]) table(a);
  return wrap(a, "boot.entry");
}

function wrap(a: Assembler, start: string): Payload {
  const image = pvhElf({
    bytes: a.finish(),
    address: AT.IMAGE,
    memorySize: AT.END - AT.IMAGE,
    entry: a.addressOf(start),
  });
  return { protocol: "pvh", image };
}
