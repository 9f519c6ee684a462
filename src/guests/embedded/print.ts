/**
 * Numbers and strings as text.
 *
 * @module
 */

import { al, dl, ecx, edx, m8, r8, rax, rcx, rsi } from "../asm/operands.ts";
import type { GuestProgram } from "./program.ts";

const DIGITS = 24;
const ADDRESS_DIGITS = 12;

/** Routines that take a number in rax, or a string in rsi. */
export function print(a: GuestProgram): void {
  a.bind("print.decimal");
  a.mov(ecx, 10);
  a.jmp("print.number");

  a.bind("print.hex");
  a.mov(ecx, 16);

  // rax in base rcx, digits from the last to the first.
  a.bind("print.number");
  a.lea(rsi, m8("print.digits_end"));
  a.bind(".digit");
  a.call("print.digit");
  a.test(rax, rax);
  a.j("nz", ".digit");
  a.bind("print.digits_from_rsi");
  a.lea(rcx, m8("print.digits_end"));
  a.sub(rcx, rsi);
  a.jmp("uart.print");

  // Puts the last digit of rax before rsi and takes it off.
  a.bind("print.digit");
  a.xor(edx, edx);
  a.div(rcx);
  a.cmp(dl, 10);
  a.j("b", ".decimal");
  a.add(dl, 0x61 - 0x30 - 10);
  a.bind(".decimal");
  a.add(dl, 0x30);
  a.add(rsi, -1);
  a.mov(m8(rsi), dl);
  a.ret();

  // rax as an address: hexadecimal of a fixed width.
  a.bind("print.address");
  a.lea(rsi, m8("print.digits_end"));
  a.lea(r8, m8(rsi, -ADDRESS_DIGITS));
  a.mov(ecx, 16);
  a.bind(".digit");
  a.call("print.digit");
  a.cmp(rsi, r8);
  a.j("nz", ".digit");
  a.jmp("print.digits_from_rsi");

  // rax counts tenths: prints one decimal place.
  a.bind("print.tenths");
  a.lea(rsi, m8("print.digits_end"));
  a.mov(ecx, 10);
  a.call("print.digit");
  a.add(rsi, -1);
  a.mov(m8(rsi), 0x2e);
  a.bind(".digit");
  a.call("print.digit");
  a.test(rax, rax);
  a.j("nz", ".digit");
  a.jmp("print.digits_from_rsi");

  // rsi: a string that ends with a zero byte or after ecx bytes; spaces before it are left out.
  a.bind("print.string");
  a.cmp(m8(rsi), 0x20);
  a.j("nz", ".measure");
  a.add(rsi, 1);
  a.dec(ecx);
  a.j("nz", "print.string");
  a.bind(".measure");
  a.mov(edx, ecx);
  a.xor(ecx, ecx);
  a.bind(".next");
  a.cmp(ecx, edx);
  a.j("ae", "uart.print");
  a.mov(al, m8(rsi, 0, rcx));
  a.test(al, al);
  a.j("z", "uart.print");
  a.inc(ecx);
  a.jmp(".next");

  a.space(DIGITS);
  a.bind("print.digits_end");
}
