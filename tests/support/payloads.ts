/**
 * Payloads of the KVM tests: they count in memory, where a test sees what the guest did.
 *
 * @module
 */

import { PORT } from "../../src/board/addresses.ts";
import type { Assembler } from "../../src/guests/asm/assembler.ts";
import * as r from "../../src/guests/asm/operands.ts";
import {
  kernelMode,
  type Payload,
  powerOff,
  protectedMode,
  realMode,
  userMode,
} from "../../src/guests/payloads/wrap.ts";

/** Guest-physical addresses of counters: RAM that no boot protocol uses. Both lie in real mode's first 64 KiB. */
export const COUNTER = 0x5000;
export const MISTAKES = 0x5004;
/** Room for strings, below 16 MiB. */
export const BUFFER = 0x20_0000;

/** An endless loop that counts. */
export function counting(mode: "real" | "kernel" | "user"): Payload {
  const wrap = { real: realMode, kernel: kernelMode, user: userMode }[mode];
  return wrap((a) => {
    a.bind("again");
    a.inc(mode === "real" ? r.m16(COUNTER) : r.m32(COUNTER));
    a.jmp("again");
  });
}

/** The same as a part of another payload, of 16 or 32 bits. */
export function countForEver(a: Assembler): void {
  a.bind("again");
  a.inc(r.m16(COUNTER));
  a.jmp("again");
}

/** Counts its writes to a port that nobody claims. */
export function countingWrites(): Payload {
  return realMode((a) => {
    a.mov(r.dx, 0x80);
    a.bind("again");
    a.out(r.dx, r.al);
    a.inc(r.m16(COUNTER));
    a.jmp("again");
  });
}

/** Interrupts off, and asleep. */
export function asleep(): Payload {
  return realMode((a) => {
    a.cli();
    a.bind("again");
    a.hlt();
    a.jmp("again");
  });
}

/** One string instruction of 12 million elements after the other, to or from a port that nobody claims. */
export function hugeString(direction: "out" | "in"): Payload {
  return protectedMode((a) => {
    a.cld();
    a.mov(r.dx, 0x80);
    a.bind("again");
    a.inc(r.m32(COUNTER));
    a.mov(direction === "out" ? r.esi : r.edi, BUFFER);
    a.mov(r.ecx, 0xc0_0000);
    a.rep();
    if (direction === "out") a.outs(8);
    else a.ins(8);
    a.jmp("again");
  });
}

/** One copy out of addresses where nobody is after the other: each byte is an exit, all of one instruction. */
export function hugeCopy(): Payload {
  return protectedMode((a) => {
    a.cld();
    a.bind("again");
    a.inc(r.m32(COUNTER));
    a.mov(r.esi, 0xd000_0000);
    a.mov(r.edi, BUFFER);
    a.mov(r.ecx, 0xc0_0000);
    a.rep();
    a.movs(8);
    a.jmp("again");
  });
}

/** Reads of every kind, each checked: port, string, memory. Counts rounds, and values that were not the right ones. */
export function checkedReads(): Payload {
  const scratch = PORT.COM1 + 7;
  const STRING = 8;
  return protectedMode((a) => {
    a.cld();
    a.mov(r.dx, scratch);
    a.mov(r.al, 0xa5);
    a.out(r.dx, r.al);
    a.bind("again");
    a.mov(r.eax, 0x1111_1111);
    a.mov(r.dx, scratch);
    a.in(r.al, r.dx);
    expect(a, 0x1111_11a5);
    a.mov(r.dx, PORT.COM1 + 4); // modem control, line status, modem status, scratch: nobody changes them
    a.in(r.eax, r.dx);
    expect(a, 0xa5b0_6000);
    a.mov(r.esi, 0xd000_0000);
    a.mov(r.eax, r.m32(r.esi));
    expect(a, -1);
    a.mov(r.edi, BUFFER);
    a.mov(r.ecx, STRING);
    a.mov(r.dx, scratch);
    a.rep();
    a.ins(8);
    for (let i = 0; i < STRING; i += 4) {
      a.mov(r.eax, r.m32(BUFFER + i));
      a.mov(r.m32(BUFFER + i), 0);
      expect(a, 0xa5a5_a5a5);
    }
    a.inc(r.m32(COUNTER));
    a.jmp("again");
  });
}

/** EAX must be this, or it counts as a mistake. */
function expect(a: Assembler, value: number): void {
  const right = `right${a.length}`;
  a.cmp(r.eax, value | 0);
  a.j("z", right);
  a.inc(r.m32(MISTAKES));
  a.bind(right);
}

/** Does something, then powers off. */
export function once(mode: "real" | "protected" | "kernel", code: (a: Assembler) => void): Payload {
  const wrap = { real: realMode, protected: protectedMode, kernel: kernelMode }[mode];
  return wrap((a) => {
    code(a);
    powerOff(a);
  });
}

/** Sends AL, AX, EAX or RAX's bytes to COM1, lowest first, without looking whether it has room. */
export function sendAccumulator(a: Assembler, bytes: 1 | 2 | 4 | 8): void {
  a.mov(r.dx, PORT.COM1);
  for (let i = 0; i < bytes; i++) {
    a.out(r.dx, r.al);
    if (i === bytes - 1) break;
    if (bytes === 8) a.shr(r.rax, 8);
    else a.shr(r.eax, 8);
  }
}
