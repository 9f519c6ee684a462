/**
 * The commands that there are, each loaded when it is asked for: starting a guest must not wait for the help.
 *
 * @module
 */

import type { Command, CommandRegistry } from "./option.ts";

/** Loaders by name, in the order of the help. */
const LOADERS = {
  run: async () => (await import("./commands/run.ts")).run,
  demo: async () => (await import("./commands/demo.ts")).demo,
  doctor: async () => (await import("./commands/doctor.ts")).doctor,
  lab: async () => (await import("./commands/lab.ts")).lab,
  completions: async () => (await import("./commands/completions.ts")).completions,
  help: async () => (await import("./commands/help.ts")).help,
  version: async () => (await import("./commands/version.ts")).version,
} as const satisfies Record<string, () => Promise<Command>>;

/** The commands by name. */
export const COMMANDS: CommandRegistry = {
  names: Object.keys(LOADERS),
  async load(name) {
    return Object.hasOwn(LOADERS, name) ? await LOADERS[name as keyof typeof LOADERS]() : undefined;
  },
};
