/**
 * Guests that leave the processor over and over, with a mark on the serial line before and after: the same code is run
 * by Denovisor and by `exits.c`.
 *
 * They run in 64-bit kernel mode, as drivers do. It is also where an exit costs least on every KVM, so that what a
 * monitor adds weighs most.
 *
 * @module
 */

import { GPA, PORT } from "../../src/board/addresses.ts";
import type { Assembler } from "../../src/guests/asm/assembler.ts";
import { al, dx, eax, ecx, edi, esi, m32, m8, rax, rcx, rdi, rsi } from "../../src/guests/asm/operands.ts";
import { pvhElf } from "../../src/guests/elf.ts";
import { APIC } from "../../src/guests/embedded/apic.ts";
import { entry, trampoline } from "../../src/guests/embedded/boot.ts";
import { AT } from "../../src/guests/embedded/layout.ts";
import { GuestProgram } from "../../src/guests/embedded/program.ts";
import { interrupts, pageTables, segments } from "../../src/guests/embedded/tables.ts";
import { powerOff } from "../../src/guests/payloads/wrap.ts";

/** Bytes that frame the measured part of each vCPU. Loops write {@linkcode LOOP_BYTE}. */
export const MARKS = [{ start: "S", end: "E" }, { start: "s", end: "e" }] as const;
/** What UART loops send. */
export const LOOP_BYTE = ".";
/** Accesses before the first mark, for caches and just-in-time compilers. */
const WARM_UP = 10_000;
/** Copies of the access in a loop's body: where kernel mode is interpreted, the loop around them costs too. */
export const UNROLLED = 8;
/** An address that is neither RAM nor a device. */
const NOWHERE = 0xd000_0000;
/** A port that nobody claims. */
const NO_PORT = 0x200;

/** Emits the body of a loop that counts in ECX. `label` is unique, for labels of its own. */
export type Body = (a: Assembler, label: string) => void;

/** {@linkcode UNROLLED} accesses, each one exit. */
export const ACCESSES = {
  portRead: (a) => (a.mov(dx, NO_PORT), unroll(() => a.in(al, dx))),
  portWrite: (a) => (a.mov(dx, NO_PORT), unroll(() => a.out(dx, al))),
  deviceRead: (a) => (a.mov(dx, PORT.COM1 + 7), unroll(() => a.in(al, dx))), // the UART's scratch register
  mmioWrite: (a) => (a.mov(edi, NOWHERE), unroll(() => a.mov(m32(rdi), eax))),
} as const satisfies Record<string, Body>;

function unroll(access: () => void): void {
  for (let i = 0; i < UNROLLED; i++) access();
}

/** A polling driver's byte: two exits, if the transmitter is free. */
export function uartByte(port: number): Body {
  return (a, label) => {
    a.bind(`${label}.busy`);
    a.mov(dx, port + 5); // line status
    a.in(al, dx);
    a.test(al, 0x20); // transmitter holding register empty
    a.j("z", `${label}.busy`);
    a.mov(dx, port);
    a.mov(al, LOOP_BYTE.charCodeAt(0));
    a.out(dx, al);
  };
}

/** What one vCPU does. */
export interface Work {
  readonly body: Body;
  /** Turns of the measured loop. */
  readonly count: number;
  /** The UART that takes its marks. */
  readonly port: number;
}

/** A PVH image whose vCPU 0, and vCPU 1 if there is a second work, do their work and power off. */
export function exitProgram(works: readonly [Work] | readonly [Work, Work]): Uint8Array {
  const [first, second] = works;
  const a = new GuestProgram();
  entry(a);
  a.bind("main");
  if (second !== undefined) startSecond(a);
  measured(a, "first", first, MARKS[0]);
  if (second !== undefined) {
    a.bind("first.wait");
    a.pause();
    a.cmp(m32("second.done"), 0);
    a.j("z", "first.wait");
  }
  powerOff(a);
  if (second !== undefined) secondVcpu(a, second);
  for (const table of [segments, interrupts, pageTables]) table(a);
  if (second !== undefined) trampoline(a);
  return pvhElf({
    bytes: a.finish(),
    address: AT.IMAGE,
    memorySize: AT.END - AT.IMAGE,
    entry: a.addressOf("boot.entry"),
  });
}

function measured(a: GuestProgram, name: string, work: Work, marks: { start: string; end: string }): void {
  repeat(a, `${name}.warm`, WARM_UP, work);
  mark(a, work.port, marks.start);
  repeat(a, `${name}.loop`, work.count, work);
  mark(a, work.port, marks.end);
}

function repeat(a: GuestProgram, label: string, count: number, { body }: Work): void {
  a.mov(ecx, count);
  a.bind(label);
  body(a, label);
  a.dec(ecx);
  a.j("nz", label);
}

function mark(a: GuestProgram, port: number, byte: string): void {
  a.mov(dx, port);
  a.mov(al, byte.charCodeAt(0));
  a.out(dx, al);
}

/** INIT and SIPI to APIC id 1 (SDM 3A §11.6.1), then both start together. */
function startSecond(a: GuestProgram): void {
  a.lea(rsi, m8("boot.trampoline"));
  a.mov(edi, AT.TRAMPOLINE);
  a.lea(rcx, m8("boot.trampoline_end"));
  a.sub(rcx, rsi);
  a.rep();
  a.movs(8);
  a.mov(eax, GPA.LOCAL_APIC);
  a.mov(m32(rax, APIC.SPURIOUS), 0x1ff);
  for (const command of [0x4500, 0x4600 | AT.TRAMPOLINE >> 12]) {
    a.mov(esi, 1 << 24);
    a.mov(m32(rax, APIC.COMMAND_HIGH), esi);
    a.mov(m32(rax, APIC.COMMAND), command);
  }
  a.bind("main.wait");
  a.pause();
  a.cmp(m32("second.here"), 0);
  a.j("z", "main.wait");
}

function secondVcpu(a: GuestProgram, work: Work): void {
  a.bind("smp.arrive");
  a.mov(m32("second.here"), 1);
  measured(a, "second", work, MARKS[1]);
  a.mov(m32("second.done"), 1);
  a.bind("second.rest");
  a.pause();
  a.jmp("second.rest");
  a.align(8);
  a.bind("second.here");
  a.dd(0);
  a.bind("second.done");
  a.dd(0);
}
