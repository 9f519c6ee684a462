/**
 * Exceptions and interrupts.
 *
 * @module
 */

import { cr2, edi, esi, m32, m8, rax, rcx, rdi, rdx, rsi, rsp } from "../asm/operands.ts";
import { APIC } from "./apic.ts";
import { VECTOR } from "./layout.ts";
import type { GuestProgram } from "./program.ts";

/** Exceptions that push an error code (SDM 3A table 6-1, AMD APM 2 §8.2). */
const WITH_ERROR_CODE: ReadonlySet<number> = new Set([8, 10, 11, 12, 13, 14, 17, 21, 29, 30]);
const EXCEPTIONS = 32;
/** What an interrupt handler must keep for the code it interrupts: all that `apic.write` changes. */
const SAVED = [rax, rcx, rdx, rsi, rdi] as const;

/** All handlers. The IDT takes them by their names, `trap.<vector>`. */
export function traps(a: GuestProgram): void {
  for (let vector = 0; vector < EXCEPTIONS; vector++) {
    a.bind(`trap.${vector}`);
    if (vector === VECTOR.BREAKPOINT) {
      a.test(m8(rsp, 8), 3); // the saved CS: from user mode this is its way back
      a.j("nz", "user.back");
    }
    if (!WITH_ERROR_CODE.has(vector)) a.push(0);
    a.push(vector);
    a.jmp("trap.fatal");
  }

  a.bind(`trap.${VECTOR.TIMER}`);
  a.inc(m32("trap.ticks"));
  acknowledge(a);
  a.iretq();

  // The loop that the UART woke from HLT reads it: nothing to do here.
  a.bind(`trap.${VECTOR.COM1}`);
  acknowledge(a);
  a.bind(`trap.${VECTOR.SPURIOUS}`);
  a.iretq();

  a.bind("trap.fatal");
  a.say("\nexception ");
  a.pop(rax);
  a.call("print.decimal");
  a.say(", error code ");
  a.pop(rax);
  a.call("print.hex");
  a.say(", at ");
  a.pop(rax);
  a.call("print.hex");
  a.say(", CR2 ");
  a.movFromControl(rax, cr2);
  a.call("print.hex");
  a.say("\n");
  a.jmp("power.panic");

  a.align(8);
  a.bind("trap.ticks");
  a.dq(0);
}

function acknowledge(a: GuestProgram): void {
  for (const register of SAVED) a.push(register);
  a.mov(edi, APIC.EOI);
  a.xor(esi, esi);
  a.call("apic.write");
  for (const register of SAVED.toReversed()) a.pop(register);
}
