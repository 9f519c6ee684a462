/**
 * The guest that is built into Denovisor: a PVH kernel of a few pages that reports what it finds and echoes what
 * is typed at it. It runs on every KVM, also on those that only interpret kernel-mode code.
 *
 * @module
 */

import { pvhElf } from "./elf.ts";
import { acpi } from "./embedded/acpi.ts";
import { apic } from "./embedded/apic.ts";
import { entry, trampoline } from "./embedded/boot.ts";
import { clock } from "./embedded/clock.ts";
import { AT } from "./embedded/layout.ts";
import { main } from "./embedded/main.ts";
import { power } from "./embedded/power.ts";
import { print } from "./embedded/print.ts";
import { GuestProgram } from "./embedded/program.ts";
import { report } from "./embedded/report.ts";
import { shell } from "./embedded/shell.ts";
import { smp } from "./embedded/smp.ts";
import { interrupts, pageTables, segments } from "./embedded/tables.ts";
import { traps } from "./embedded/traps.ts";
import { uart } from "./embedded/uart.ts";
import { user } from "./embedded/user.ts";

/** Rooms in the order they lie in memory. Tables need addresses of the code before them, the trampoline theirs. */
const ROOMS = [
  ...[entry, main, uart, print, acpi, apic, smp, clock, user, report, shell, power, traps],
  ...[segments, interrupts, pageTables, trampoline],
] as const;

/**
 * Assembles the embedded guest.
 *
 * @returns An ELF64 file with a PVH note, to be booted with a 32-bit entry and `hvm_start_info`. It wants COM1 and
 * 2 MiB of memory; with ACPI tables it starts all processors. Words on its command line that are commands run after
 * its report: `poweroff`, `reboot`, `panic`, `spin`, `hang`, `exit=N`; `quiet` leaves the report out.
 *
 * ```ts
 * import { embeddedGuest } from "./embedded_guest.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([...embeddedGuest().subarray(1, 4)], [...new TextEncoder().encode("ELF")]);
 * ```
 */
export function embeddedGuest(): Uint8Array {
  const program = new GuestProgram();
  for (const room of ROOMS) room(program);
  program.texts();
  if (program.here > AT.IMAGE_END) throw new Error(`the embedded guest ends at ${program.here.toString(16)}`);
  return pvhElf({
    bytes: program.finish(),
    address: AT.IMAGE,
    memorySize: AT.END - AT.IMAGE,
    entry: program.addressOf("boot.entry"),
  });
}
