/**
 * User mode: how the kernel goes there and back, and what runs there.
 *
 * Down is IRETQ; up is INT3 through a gate that user mode may use. Some KVMs interpret kernel-mode code and know
 * neither INT n, SYSENTER nor a privileged SYSCALL; a breakpoint is delivered as an exception everywhere.
 *
 * @module
 */

import { ecx, m64, m8, r12, r13, r14, r15, r8, r9, rax, rbp, rbx, rdi, rdx, rsp } from "../asm/operands.ts";
import { AT, RFLAGS_INTERRUPTS, SELECTOR } from "./layout.ts";
import type { GuestProgram } from "./program.ts";

const KEPT = [rbx, rbp, r12, r13, r14, r15] as const;
/** Turns of the inner loop between two looks at the clock. */
const TURNS = 1000;

/** Instructions in one round of `work.run`: two a turn, and the eight around them. */
export const INSTRUCTIONS_A_ROUND = 2 * TURNS + 8;

/** Both directions, and the programs. */
export function user(a: GuestProgram): void {
  // rax: address of a user program, rdi: its argument. Returns its rax and rdx.
  a.bind("user.run");
  for (const register of KEPT) a.push(register);
  a.mov(m64("user.kernel_stack"), rsp);
  a.push(SELECTOR.USER_DATA);
  a.push(AT.USER_STACK);
  a.push(RFLAGS_INTERRUPTS);
  a.push(SELECTOR.USER_CODE);
  a.push(rax);
  a.iretq();

  // The breakpoint trap, on the interrupt stack: forgets the frame and returns from user.run.
  a.bind("user.back");
  a.mov(rsp, m64("user.kernel_stack"));
  for (const register of KEPT.toReversed()) a.pop(register);
  a.ret();

  // work.run in user mode.
  a.bind("user.measured");
  a.lea(rax, m8("user.measure"));
  a.jmp("user.run");
  a.bind("user.measure");
  a.call("work.run");
  a.int3();

  a.bind("user.spin");
  a.jmp("user.spin");

  // Runs for rdi ticks of the time-stamp counter: rounds done to rax, ticks taken to rdx. Works in either mode.
  a.bind("work.run");
  a.rdtsc();
  a.shl(rdx, 32);
  a.or(rax, rdx);
  a.mov(r8, rax);
  a.xor(r9, r9);
  a.align(32, 0x90);
  a.bind(".round");
  a.mov(ecx, TURNS);
  a.bind(".turn");
  a.dec(ecx);
  a.j("nz", ".turn");
  a.inc(r9);
  a.rdtsc();
  a.shl(rdx, 32);
  a.or(rax, rdx);
  a.sub(rax, r8);
  a.cmp(rax, rdi);
  a.j("b", ".round");
  a.mov(rdx, rax);
  a.mov(rax, r9);
  a.ret();

  a.align(8);
  a.bind("user.kernel_stack");
  a.dq(0);
}
