/**
 * The commands that there are, each loaded when it is asked for: starting a guest must not wait for the help.
 *
 * @module
 */

import { lazy } from "../lazy.ts";
import type { Command, CommandRegistry } from "./command.ts";

/** Names, in the order of the help. Each command is in `commands/NAME.ts`, exported under its name. */
const NAMES = ["run", "demo", "image", "doctor", "lab", "completions", "help", "version"] as const;

/** The commands by name. */
export const COMMANDS: CommandRegistry = {
  names: NAMES,
  startsGuest: (name) => name === "run",
  async load(name) {
    if (!NAMES.some((known) => known === name)) return undefined;
    const module = await lazy<Readonly<Record<string, Command>>>(
      import.meta.resolve(`./commands/${name}.ts`),
    );
    return module[name];
  },
};
