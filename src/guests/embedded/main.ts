/**
 * The guest's main program.
 *
 * @module
 */

import { m8, rdi } from "../asm/operands.ts";
import type { GuestProgram } from "./program.ts";

/** Set-up, report, words of the command line, prompt. */
export function main(a: GuestProgram): void {
  a.bind("main");
  a.call("uart.setup");
  a.call("acpi.find");
  a.call("smp.start");
  a.call("clock.setup");
  a.lea(rdi, m8("shell.see_quiet"));
  a.call("shell.command_line");
  a.cmp(m8("shell.quiet"), 0);
  a.j("nz", ".quiet");
  a.call("report.all");
  a.bind(".quiet");
  a.call("apic.route_com1");
  a.call("uart.enable_interrupt");
  a.lea(rdi, m8("shell.run"));
  a.call("shell.command_line");
  a.say("type help for a list of commands\n");
  a.jmp("shell.prompt");
}
