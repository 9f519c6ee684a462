/**
 * The prompt: a line editor and a few commands, which the kernel command line may name too.
 *
 * @module
 */

import {
  al,
  eax,
  ecx,
  edi,
  edx,
  m64,
  m8,
  r12,
  r12d,
  r13,
  r13d,
  r14d,
  rax,
  rbx,
  rdi,
  rdx,
  rsi,
} from "../asm/operands.ts";
import type { GuestProgram } from "./program.ts";

/** Words and what they call; a name that ends with `=` takes the rest of the word as its argument (rsi, ecx). */
const COMMANDS: readonly (readonly [string, string])[] = [
  ["help", "shell.help"],
  ["info", "report.all"],
  ["cpus", "report.cpus"],
  ["poweroff", "power.off"],
  ["exit", "power.off"],
  ["exit=", "shell.exit"],
  ["reboot", "power.reboot"],
  ["panic", "shell.panic"],
  ["spin", "shell.spin"],
  ["hang", "shell.hang"],
];
/** A command's entry: length, whether it takes an argument, 14 bytes of name, address. */
const NAME = 2;
const HANDLER = 16;
const ENTRY_SIZE = 24;
const LINE_SIZE = 120;
const KEY = {
  BACKSPACE: 0x08,
  LINE_FEED: 0x0a,
  RETURN: 0x0d,
  SPACE: 0x20,
  LAST: 0x7e,
  DELETE: 0x7f,
} as const;
const START_INFO_COMMAND_LINE = 24;

/** Command line words, prompt, commands. */
export function shell(a: GuestProgram): void {
  commandLine(a);
  dispatch(a);
  commands(a);
  editor(a);
  a.bind("shell.line");
  a.space(LINE_SIZE);
  a.align(8);
  a.bind("shell.commands");
  for (const [name, handler] of COMMANDS) {
    const end = a.length + ENTRY_SIZE;
    a.db(name.length, name.endsWith("=") ? 1 : 0);
    a.text(name);
    a.space(end - ENTRY_SIZE + HANDLER - a.length);
    a.dq(handler);
  }
  a.dq(0);
}

/** `shell.command_line`: calls rdi for each word of the kernel command line, in rsi and ecx. */
function commandLine(a: GuestProgram): void {
  a.bind("shell.command_line");
  for (const register of [rbx, r12, r13]) a.push(register);
  a.mov(r12, rdi);
  a.mov(rbx, m64("boot.info"));
  a.mov(rbx, m64(rbx, START_INFO_COMMAND_LINE));
  a.test(rbx, rbx);
  a.j("z", ".end");
  a.bind(".word");
  a.mov(rsi, rbx);
  a.xor(ecx, ecx);
  a.bind(".letter");
  a.movzx(eax, m8(rbx));
  a.cmp(eax, KEY.SPACE);
  a.j("be", ".complete"); // a space, or the zero byte at the end
  a.add(rbx, 1);
  a.inc(ecx);
  a.jmp(".letter");
  a.bind(".complete");
  a.mov(r13d, eax);
  a.add(rbx, 1);
  a.test(ecx, ecx);
  a.j("z", ".empty");
  a.call(r12);
  a.bind(".empty");
  a.test(r13d, r13d);
  a.j("nz", ".word");
  a.bind(".end");
  for (const register of [r13, r12, rbx]) a.pop(register);
  a.ret();

  // A visitor: sees the word `quiet`.
  a.bind("shell.see_quiet");
  a.cmp(ecx, "quiet".length);
  a.j("nz", ".other");
  a.mov(rax, 0x74_6569_7571n); // "quiet"
  a.mov(rdx, m64(rsi));
  a.shl(rdx, 24);
  a.shr(rdx, 24);
  a.cmp(rax, rdx);
  a.j("nz", ".other");
  a.mov(m8("shell.quiet"), 1);
  a.bind(".other");
  a.ret();
  a.bind("shell.quiet");
  a.db(0);
}

/** `shell.run`: runs the command in rsi and ecx; eax tells whether there is one. */
function dispatch(a: GuestProgram): void {
  a.bind("shell.run");
  a.push(rbx);
  a.lea(rbx, m8("shell.commands"));
  a.bind(".next");
  a.movzx(edx, m8(rbx));
  a.test(edx, edx);
  a.j("z", ".unknown");
  a.cmp(ecx, edx);
  a.j("b", ".skip");
  a.j("z", ".compare");
  a.cmp(m8(rbx, 1), 0);
  a.j("z", ".skip");
  a.bind(".compare");
  a.xor(edi, edi);
  a.bind(".letter");
  a.mov(al, m8(rsi, 0, rdi));
  a.cmp(m8(rbx, NAME, rdi), al);
  a.j("nz", ".skip");
  a.inc(edi);
  a.cmp(edi, edx);
  a.j("b", ".letter");
  a.add(rsi, rdx);
  a.sub(ecx, edx);
  a.call(m64(rbx, HANDLER));
  a.mov(eax, 1);
  a.pop(rbx);
  a.ret();
  a.bind(".skip");
  a.add(rbx, ENTRY_SIZE);
  a.jmp(".next");
  a.bind(".unknown");
  a.xor(eax, eax);
  a.pop(rbx);
  a.ret();
}

function commands(a: GuestProgram): void {
  a.bind("shell.help");
  a.say(
    "help      this list\n" +
      "info      the report again\n" +
      "cpus      processors online\n" +
      "poweroff  or exit: power off by ACPI\n" +
      "exit=N    write N to the debug exit port\n" +
      "reboot    reset the machine\n" +
      "panic     tell pvpanic that the guest panicked\n" +
      "spin      busy loop in user mode, for ever\n" +
      "hang      busy loop in kernel mode with interrupts off, for ever\n",
  );
  a.ret();

  a.bind("shell.exit");
  a.xor(eax, eax);
  a.bind(".digit");
  a.test(ecx, ecx);
  a.j("z", "power.debug_exit");
  a.movzx(edx, m8(rsi));
  a.sub(edx, 0x30);
  a.cmp(edx, 9);
  a.j("a", "power.debug_exit");
  a.lea(eax, m64(rax, 0, rax, 4));
  a.lea(eax, m64(rdx, 0, rax, 2));
  a.add(rsi, 1);
  a.dec(ecx);
  a.jmp(".digit");

  a.bind("shell.panic");
  a.say("panic, as asked for\n");
  a.jmp("power.panic");

  a.bind("shell.spin");
  a.say("spinning in user mode\n");
  a.lea(rax, m8("user.spin"));
  a.jmp("user.run");

  a.bind("shell.hang");
  a.say("spinning in kernel mode\n");
  a.cli();
  a.bind(".forever");
  a.jmp(".forever");
}

/** `shell.prompt`: never returns. r12d: length of the line, r14d: the key before. */
function editor(a: GuestProgram): void {
  a.bind("shell.prompt");
  a.xor(r14d, r14d);
  a.bind(".new");
  a.say("> ");
  a.xor(r12d, r12d);
  a.bind(".key");
  a.mov(r13d, r14d);
  a.call("uart.read");
  a.mov(r14d, eax);
  a.cmp(eax, KEY.RETURN);
  a.j("z", ".enter");
  a.cmp(eax, KEY.LINE_FEED);
  a.j("z", ".line_feed");
  a.cmp(eax, KEY.BACKSPACE);
  a.j("z", ".erase");
  a.cmp(eax, KEY.DELETE);
  a.j("z", ".erase");
  a.cmp(eax, KEY.SPACE);
  a.j("b", ".key");
  a.cmp(eax, KEY.LAST);
  a.j("a", ".key");
  a.cmp(r12d, LINE_SIZE);
  a.j("ae", ".key");
  a.lea(rsi, m8("shell.line"));
  a.add(rsi, r12);
  a.mov(m8(rsi), al);
  a.inc(r12d);
  a.mov(ecx, 1);
  a.call("uart.print");
  a.jmp(".key");

  a.bind(".erase");
  a.test(r12d, r12d);
  a.j("z", ".key");
  a.dec(r12d);
  a.say("\b \b");
  a.jmp(".key");

  a.bind(".line_feed"); // the second half of a CR LF pair is no line of its own
  a.cmp(r13d, KEY.RETURN);
  a.j("z", ".key");
  a.bind(".enter");
  a.say("\n");
  a.test(r12d, r12d);
  a.j("z", ".new");
  a.lea(rsi, m8("shell.line"));
  a.mov(ecx, r12d);
  a.call("shell.run");
  a.test(eax, eax);
  a.j("nz", ".new");
  a.say("you typed: ");
  a.lea(rsi, m8("shell.line"));
  a.mov(ecx, r12d);
  a.call("uart.print");
  a.say("\n");
  a.jmp(".new");
}
