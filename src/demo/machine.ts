/**
 * The demo's machine, and the command line that starts the same one elsewhere.
 *
 * @module
 */

import type { MachineConfig } from "../config/schema.ts";

/** What the demo is made of. */
export interface DemoParts {
  /** Paths. */
  readonly kernel: string;
  readonly initrd: string;
  /** Settings that a user may choose. */
  readonly settings: Pick<MachineConfig, "memory" | "cpus">;
  /** A shell on the console; otherwise a script, after which the guest powers off. */
  readonly shell: boolean;
  /** The console's size, where it is known. */
  readonly window?: { readonly rows: number; readonly columns: number };
}

/** The machine, with the kernel's console on COM1. */
export function demoMachine({ kernel, initrd, settings, shell, window }: DemoParts): MachineConfig {
  const words = [
    "console=ttyS0",
    // A panic ends the machine by pvpanic, or else by a reboot at once.
    "panic=-1",
    ...(shell ? [] : ["denovisor.script"]),
    ...(shell && window ? [`denovisor.size=${window.rows}x${window.columns}`] : []),
  ];
  return { ...settings, kernel, initrd, cmdline: words.join(" ") };
}

/** Arguments of `denovisor` that run a machine made by {@linkcode demoMachine}. */
export function runArguments({ kernel, initrd, cmdline, memory, cpus }: MachineConfig): string[] {
  return [
    "run",
    ...(kernel === undefined ? [] : [kernel]),
    ...(initrd === undefined ? [] : ["--initrd", initrd]),
    ...(cmdline === undefined ? [] : ["--cmdline", cmdline]),
    ...(memory === undefined ? [] : ["--memory", memory]),
    ...(cpus === undefined ? [] : ["--cpus", String(cpus)]),
  ];
}
