/**
 * Ways to end: power off, reset, panic, debug exit.
 *
 * @module
 */

import { ACPI_VALUES, PORT } from "../../board/addresses.ts";
import { al, ax, dx, eax, edx, m16, m32, m64, m8, rax } from "../asm/operands.ts";
import type { GuestProgram } from "./program.ts";

/** FADT fields (ACPI 6.5 table 5.9) and generic address structure (§5.2.3.2). */
const FADT_PM1A_CONTROL = 64;
const FADT_FLAGS = 112;
const HARDWARE_REDUCED = 1 << 20;
const FADT_SLEEP_CONTROL = 244;
const ADDRESS = 4;
const SPACE_SYSTEM_IO = 1;
/** SLP_TYP and SLP_EN in PM1 control (§4.8.3.2.1) and in the sleep control register (§4.8.3.7). */
const PM1_SLEEP = ACPI_VALUES.S5_SLEEP_TYPE << 10 | 1 << 13;
const REDUCED_SLEEP = ACPI_VALUES.S5_SLEEP_TYPE << 2 | 1 << 5;
/** pvpanic (QEMU docs/specs/pvpanic.rst): the guest panicked. */
const PVPANIC_PANICKED = 1;
/** 8042 command: pulse the reset line. */
const I8042_RESET = 0xfe;

/** None of these returns, where the machine has what they use. */
export function power(a: GuestProgram): void {
  a.bind("power.off");
  a.mov(rax, m64("acpi.fadt"));
  a.mov(edx, PORT.ACPI_PM1_CONTROL);
  a.test(rax, rax);
  a.j("z", ".pm1");
  a.test(m32(rax, FADT_FLAGS), HARDWARE_REDUCED);
  a.j("nz", ".reduced");
  a.mov(edx, m32(rax, FADT_PM1A_CONTROL));
  a.bind(".pm1");
  a.mov(ax, PM1_SLEEP);
  a.out(dx, ax);
  a.jmp("power.halt");
  a.bind(".reduced");
  a.cmp(m8(rax, FADT_SLEEP_CONTROL), SPACE_SYSTEM_IO);
  a.mov(rax, m64(rax, FADT_SLEEP_CONTROL + ADDRESS));
  a.j("z", ".reduced_port");
  a.mov(m8(rax), REDUCED_SLEEP);
  a.jmp("power.halt");
  a.bind(".reduced_port");
  a.mov(edx, eax);
  a.mov(al, REDUCED_SLEEP);
  a.out(dx, al);
  // A machine may take a moment to go, or have no such switch.
  a.bind("power.halt");
  a.cli();
  a.hlt();
  a.jmp("power.halt");

  // Reset register, keyboard controller, triple fault: one of them will do.
  a.bind("power.reboot");
  a.mov(dx, PORT.RESET_CONTROL);
  a.mov(al, ACPI_VALUES.RESET_VALUE);
  a.out(dx, al);
  a.mov(al, I8042_RESET);
  a.out(PORT.I8042_COMMAND, al);
  a.mov(m16("idt.pointer"), 0);
  a.lidt(m64("idt.pointer"));
  a.ud2();

  a.bind("power.panic");
  a.mov(dx, PORT.PVPANIC);
  a.mov(al, PVPANIC_PANICKED);
  a.out(dx, al);
  a.jmp("power.halt");

  // al: exit code.
  a.bind("power.debug_exit");
  a.out(PORT.ISA_DEBUG_EXIT, al);
  a.jmp("power.off");
}
