/**
 * `denovisor help [COMMAND]`.
 *
 * @module
 */

import type { Command } from "../option.ts";

/** Shows help. */
export const help: Command = {
  name: "help",
  summary: "Show help, of one command or all",
  operands: "[COMMAND]",
  maxOperands: 1,
  get choices() {
    return COMMAND_NAMES();
  },
  examples: [["help run", "the same as denovisor run --help"]],
  options: [],
  async execute(args) {
    const [name] = args.operands;
    const { printCommandHelp, printOverview } = await import("../help.ts");
    if (name === undefined) return await printOverview(false);
    return 0;
  },
};
