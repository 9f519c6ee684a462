/**
 * A guest that touches everything at random, again in the same order for the same seed.
 *
 * @module
 */

import type { Assembler } from "../asm/assembler.ts";
import { al, ax, dx, eax, ebx, ecx, edi, edx, esi, m16, m32, m8 } from "../asm/operands.ts";
import { type Payload, powerOff, protectedMode } from "./wrap.ts";

/** What the hammer hits. */
export interface HammerOptions {
  /** Start of the random sequence: any 32-bit number but 0. */
  readonly seed: number;
  /** Rounds, each one port access and one access to every window. */
  readonly rounds: number;
  /** Ports that no access touches, for example those that end the machine. */
  readonly avoid?: readonly number[];
  /** Ports that every other access hits, so that devices get their share; 256 at most. */
  readonly favour?: readonly number[];
  /** Guest-physical address of a word that counts the rounds. */
  readonly counter?: number;
  /** Guest-physical windows below 4 GiB; sizes are powers of two. */
  readonly windows?: readonly { readonly gpa: number; readonly size: number }[];
}

/** Longest string access, in elements. */
const STRING_MASK = 15;
const FAVOURED = 256;

/**
 * Random ports read and written with every width and with string instructions, random addresses with every width.
 * Powers off after the last round.
 */
export function hammer(options: HammerOptions): Payload {
  const { seed, rounds, avoid = [], favour = [], counter, windows = [] } = options;
  return protectedMode((a) => {
    a.cld();
    a.mov(ebx, seed);
    a.mov(m32("left"), rounds);
    a.bind("round");
    if (counter !== undefined) a.inc(m32(counter));
    portAccess(a, avoid, favour.length > 0);
    windows.forEach((window, i) => memoryAccess(a, `window${i}`, window));
    a.dec(m32("left"));
    a.j("nz", "round");
    powerOff(a);

    // The next random number to EAX: xorshift32 (Marsaglia 2003), state in EBX.
    a.bind("random");
    for (const [shift, by] of [["shl", 13], ["shr", 17], ["shl", 5]] as const) {
      a.mov(eax, ebx);
      a[shift](eax, by);
      a.xor(ebx, eax);
    }
    a.mov(eax, ebx);
    a.ret();

    a.align(4);
    a.bind("left");
    a.dd(0);
    a.bind("buffer");
    a.space(4 * (STRING_MASK + 1));
    a.bind("favoured");
    for (let i = 0; i < FAVOURED && favour.length > 0; i++) a.dw(favour[i % favour.length]!);
  });
}

function portAccess(a: Assembler, avoid: readonly number[], favours: boolean): void {
  a.call("random");
  a.mov(edx, eax);
  a.and(edx, 0xffff);
  if (favours) {
    a.test(eax, 0x8000_0000);
    a.j("z", "port.any");
    a.shr(eax, 16);
    a.and(eax, FAVOURED - 1);
    a.mov(edx, "favoured");
    a.movzx(edx, m16(edx, 0, eax, 2));
    a.bind("port.any");
  }
  for (const port of avoid) {
    a.mov(eax, edx); // accesses of four bytes from three ports below touch it too
    a.sub(eax, port - 3);
    a.cmp(eax, 3);
    a.j("be", "port.done");
  }
  a.call("random");
  a.mov(esi, eax);
  a.call("random");
  a.mov(ecx, eax);
  a.and(ecx, STRING_MASK);
  choose(a, "port", [
    () => a.out(dx, al),
    () => a.out(dx, ax),
    () => a.out(dx, eax),
    () => a.in(al, dx),
    () => a.in(ax, dx),
    () => a.in(eax, dx),
    ...([8, 16, 32] as const).flatMap((size) => [
      () => (a.mov(esi, "buffer"), a.rep(), a.outs(size)),
      () => (a.mov(edi, "buffer"), a.rep(), a.ins(size)),
    ]),
  ]);
}

function memoryAccess(a: Assembler, name: string, { gpa, size }: { gpa: number; size: number }): void {
  a.call("random");
  a.mov(edi, eax);
  a.and(edi, size - 1);
  a.add(edi, gpa);
  a.call("random");
  a.mov(esi, eax);
  a.call("random");
  choose(a, name, [
    () => a.mov(m8(edi), al),
    () => a.mov(m16(edi), ax),
    () => a.mov(m32(edi), eax),
    () => a.mov(al, m8(edi)),
    () => a.mov(ax, m16(edi)),
    () => a.mov(eax, m32(edi)),
  ]);
}

/** One of the actions by the high bits of ESI: the low ones of a xorshift sequence are the weaker. */
function choose(a: Assembler, name: string, actions: readonly (() => void)[]): void {
  a.shr(esi, 24);
  actions.forEach((action, i) => {
    if (i < actions.length - 1) {
      a.cmp(esi, Math.floor(256 * (i + 1) / actions.length));
      a.j("ae", `${name}.${i + 1}`);
    }
    action();
    a.jmp(`${name}.done`);
    a.bind(`${name}.${i + 1}`);
  });
  a.bind(`${name}.done`);
}
