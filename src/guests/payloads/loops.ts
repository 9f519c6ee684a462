/**
 * Payloads that do one thing over and over: for tests of exits, kicks and pauses, and for benchmarks.
 *
 * @module
 */

import { PORT } from "../../board/addresses.ts";
import type { Assembler } from "../asm/assembler.ts";
import { al, ax, cx, di, dx, eax, ecx, edi, m32, m64, rdi, si } from "../asm/operands.ts";
import { type Code, kernelMode, type Payload, powerOff, protectedMode, realMode, userMode } from "./wrap.ts";

/** Modes with which a loop can be had: interpreted code costs more an instruction than native code. */
export type LoopMode = "real" | "kernel" | "user";
/** Port access width in bytes. */
export type Width = 1 | 2 | 4;

const ACCUMULATOR = { 1: al, 2: ax, 4: eax } as const;

/** Writes to a port `count` times, then powers off; for ever without `count`. */
export function portWrites(
  port: number,
  options: { width?: Width; count?: number; mode?: LoopMode } = {},
): Payload {
  return portLoop(port, options, (a, accumulator) => a.out(dx, accumulator));
}

/** Reads a port `count` times, then powers off; for ever without `count`. */
export function portReads(
  port: number,
  options: { width?: Width; count?: number; mode?: LoopMode } = {},
): Payload {
  return portLoop(port, options, (a, accumulator) => a.in(accumulator, dx));
}

function portLoop(
  port: number,
  { width = 1, count, mode = "real" }: { width?: Width; count?: number; mode?: LoopMode },
  access: (a: Assembler, accumulator: typeof ACCUMULATOR[Width]) => void,
): Payload {
  return wrapper(mode)((a) => {
    a.mov(dx, port);
    a.xor(eax, eax);
    repeat(a, count, () => access(a, ACCUMULATOR[width]));
  });
}

/** Writes four bytes to a guest-physical address below 4 GiB `count` times, then powers off; for ever without. */
export function mmioWrites(
  gpa: number,
  { count, mode = "user" }: { count?: number; mode?: "kernel" | "user" } = {},
): Payload {
  return wrapper(mode)((a) => {
    a.mov(edi, gpa);
    repeat(a, count, () => a.mov(m32(rdi), eax));
  });
}

/** Sends `count` bytes through a UART as a polling driver does: reads the line status until it is free, writes. */
export function uartBytes(
  port: number = PORT.COM1,
  { count, mode = "real" }: { count?: number; mode?: LoopMode } = {},
) {
  return wrapper(mode)((a) => {
    repeat(a, count, () => {
      a.bind("uart_busy");
      a.mov(dx, port + 5); // line status
      a.in(al, dx);
      a.test(al, 0x20); // transmitter holding register empty
      a.j("z", "uart_busy");
      a.mov(dx, port);
      a.mov(al, 0x2e);
      a.out(dx, al);
    });
  });
}

/** Writes a text to a port with one REP OUTSB, then powers off. */
export function stringOut(port: number, text: string): Payload {
  return realMode((a) => {
    a.cld();
    a.mov(si, "text");
    a.mov(cx, text.length);
    a.mov(dx, port);
    a.rep();
    a.outs(8);
    powerOff(a);
    a.bind("text");
    a.text(text);
  });
}

/** Reads `count` elements from a port with one REP INS, writes the bytes to another with REP OUTSB, powers off. */
export function stringIn(from: number, to: number, count: number, width: Width = 1): Payload {
  return realMode((a) => {
    a.cld();
    a.mov(di, "buffer");
    a.mov(cx, count);
    a.mov(dx, from);
    a.rep();
    a.ins(width === 1 ? 8 : width === 2 ? 16 : 32);
    a.mov(si, "buffer");
    a.mov(cx, count * width);
    a.mov(dx, to);
    a.rep();
    a.outs(8);
    powerOff(a);
    a.bind("buffer");
    a.space(count * width);
  });
}

/** Never leaves the processor: an endless loop in user mode (native everywhere), or in a mode that may be interpreted. */
export function spin(mode: LoopMode = "user"): Payload {
  return wrapper(mode)((a) => repeat(a, undefined, () => a.pause()));
}

/** Halts with interrupts off: nothing wakes it but the VMM. */
export function halt(): Payload {
  return realMode((a) => repeat(a, undefined, () => (a.cli(), a.hlt())));
}

/** A triple fault: an invalid instruction with no interrupt table. */
export function tripleFault(): Payload {
  return protectedMode((a) => {
    a.lidt(m64("nothing"));
    a.ud2();
    a.bind("nothing");
    a.space(10);
  });
}

/** Executes code that no KVM emulates in place of RAM: jumps to an address where nothing answers. */
export function runAway(gpa: number): Payload {
  return protectedMode((a) => {
    a.mov(eax, gpa);
    a.jmp(eax);
  });
}

function wrapper(mode: LoopMode): (code: Code) => Payload {
  return { real: realMode, kernel: kernelMode, user: userMode }[mode];
}

/** The body `count` times (in ECX, so it must leave that alone) and power off, or for ever. */
function repeat(a: Assembler, count: number | undefined, body: () => void): void {
  if (count !== undefined) a.mov(ecx, count);
  a.bind("again");
  body();
  if (count === undefined) return a.jmp("again");
  a.dec(ecx);
  a.j("nz", "again");
  powerOff(a);
}
