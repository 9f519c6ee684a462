/**
 * The commands that there are, each loaded when it is asked for: starting a guest must not wait for the help.
 *
 * @module
 */

import type { Command } from "./option.ts";

/** Loaders by name, in the order of the help. */
export const COMMANDS = {
  run: async () => (await import("./commands/run.ts")).run,
  demo: async () => (await import("./commands/demo.ts")).demo,
  doctor: async () => (await import("./commands/doctor.ts")).doctor,
  lab: async () => (await import("./commands/lab.ts")).lab,
  completions: async () => (await import("./commands/completions.ts")).completions,
  help: async () => (await import("./commands/help.ts")).help,
  version: async () => (await import("./commands/version.ts")).version,
} as const satisfies Record<string, () => Promise<Command>>;

/** A command's name. */
export type CommandName = keyof typeof COMMANDS;

/** Whether a word is a command. */
export function isCommandName(word: string): word is CommandName {
  return Object.hasOwn(COMMANDS, word);
}

/** All commands, loaded. */
export async function allCommands(): Promise<readonly Command[]> {
  return await Promise.all(Object.values(COMMANDS).map((load) => load()));
}
