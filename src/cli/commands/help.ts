/**
 * `denovisor help [COMMAND]`.
 *
 * @module
 */

import { printCommandHelp, printOverview } from "../help.ts";
import type { Command } from "../command.ts";
import { unknownCommand } from "../unknown_command.ts";

/** Shows help. */
export const help: Command = {
  name: "help",
  summary: "Show help, of one command or of all",
  operands: "[COMMAND]",
  maxOperands: 1,
  choices: "commands",
  examples: [["help run", "the same as denovisor run --help"]],
  options: [],
  async execute({ operands: [name] }, registry) {
    if (name === undefined) return await printOverview(registry, false);
    const command = await registry.load(name);
    if (command === undefined) throw unknownCommand(name, registry.names);
    return printCommandHelp(command);
  },
};
