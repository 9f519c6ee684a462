/**
 * From argv to an exit code: finds the command and loads nothing but that.
 *
 * @module
 */

import { lazy } from "../lazy.ts";
import { SpareWorkers } from "../vcpu/spare_workers.ts";
import { parseArguments } from "./arguments.ts";
import { COMMANDS } from "./commands.ts";
import { type Command, optionsOf } from "./command.ts";

/** Runs the command line's program. Never throws. */
export async function main(words: readonly string[]): Promise<number> {
  try {
    return await dispatch(words);
  } catch (error) {
    // A literal, loaded ahead: it tells which permission is missing, and must not need one.
    const { reportFailure } = await import("./failure.ts");
    return reportFailure(error, beforeDashes(words).includes("--json"));
  }
}

async function dispatch([first, ...rest]: readonly string[]): Promise<number> {
  if (first === undefined || first === "--help" || first === "-h") {
    const { printOverview } = await lazy<typeof import("./help.ts")>(
      import.meta.resolve("./help.ts"),
    );
    return await printOverview(COMMANDS, first === undefined);
  }
  using spare = COMMANDS.startsGuest(first) ? new SpareWorkers(1) : undefined;
  const command = await COMMANDS.load(first === "--version" || first === "-V" ? "version" : first);
  if (command !== undefined) return await execute(command, rest, spare);
  const { unknownCommand } = await lazy<typeof import("./unknown_command.ts")>(
    import.meta.resolve("./unknown_command.ts"),
  );
  throw unknownCommand(first, COMMANDS.names);
}

async function execute(command: Command, words: readonly string[], spare?: SpareWorkers): Promise<number> {
  const { name, passesOn = false, maxOperands = 0 } = command;
  // Whoever asks for help gets it, whatever else is on the line.
  const own = passesOn ? beforeOperands(words) : beforeDashes(words);
  if (own.includes("--help") || own.includes("-h")) return await help(command);
  const args = parseArguments(words, optionsOf(command), {
    command: `denovisor ${name}`,
    maxOperands,
    passesOn,
  });
  if (args.has("help")) return await help(command);
  if (args.has("log-level") || args.has("verbose")) {
    const logging = await lazy<typeof import("./logging.ts")>(import.meta.resolve("./logging.ts"));
    await logging.configureLogging(args.value("log-level") ?? "debug");
  }
  return await command.execute(args, COMMANDS, spare);
}

async function help(command: Command): Promise<number> {
  const { printCommandHelp } = await lazy<typeof import("./help.ts")>(
    import.meta.resolve("./help.ts"),
  );
  return printCommandHelp(command);
}

function beforeDashes(words: readonly string[]): readonly string[] {
  const end = words.indexOf("--");
  return end < 0 ? words : words.slice(0, end);
}

/** Words that can only be this command's: the command that they are passed on to may have a `--help` too. */
function beforeOperands(words: readonly string[]): readonly string[] {
  const end = words.findIndex((word) => word === "--" || !word.startsWith("-"));
  return end < 0 ? words : words.slice(0, end);
}
