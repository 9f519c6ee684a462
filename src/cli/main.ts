/**
 * From argv to an exit code: finds the command and loads nothing but that.
 *
 * @module
 */

import { parseArguments } from "./arguments.ts";
import { type CommandName, COMMANDS, isCommandName } from "./commands.ts";
import { optionsOf } from "./option.ts";

/** Runs the command line's program. Never throws. */
export async function main(words: readonly string[]): Promise<number> {
  try {
    return await dispatch(words);
  } catch (error) {
    const { reportFailure } = await import("./failure.ts");
    return reportFailure(error, flagsOf(words).includes("--json"));
  }
}

async function dispatch(words: readonly string[]): Promise<number> {
  const [first, ...rest] = words;
  if (first === undefined || first === "--help" || first === "-h") return await showHelp(first === undefined);
  if (first === "--version" || first === "-V") return await execute("version", rest);
  if (isCommandName(first)) return await execute(first, rest);
  const { unknownCommand } = await import("./unknown_command.ts");
  throw unknownCommand(first);
}

async function execute(name: CommandName, words: readonly string[]): Promise<number> {
  const command = await COMMANDS[name]();
  const { passesOn, maxOperands } = command;
  // Whoever asks for help gets it, whatever else is on the line.
  const own = passesOn ? untilOperand(words) : flagsOf(words);
  if (own.includes("--help") || own.includes("-h")) {
    const { printCommandHelp } = await import("./help.ts");
    return printCommandHelp(command);
  }
  const args = parseArguments(words, optionsOf(command), {
    command: `denovisor ${name}`,
    ...(maxOperands === undefined ? {} : { maxOperands }),
    ...(passesOn === undefined ? {} : { passesOn }),
  });
  if (args.has("help")) {
    const { printCommandHelp } = await import("./help.ts");
    return printCommandHelp(command);
  }
  if (args.has("log-level") || args.has("verbose")) {
    const { configureLogging } = await import("./logging.ts");
    await configureLogging(args);
  }
  return await command.execute(args);
}

async function showHelp(asError: boolean): Promise<number> {
  const { printOverview } = await import("./help.ts");
  return await printOverview(asError);
}

/** The words before `--`. */
function flagsOf(words: readonly string[]): readonly string[] {
  const end = words.indexOf("--");
  return end < 0 ? words : words.slice(0, end);
}

/** The words that can only be this command's: those of the command passed on may be `--help` too. */
function untilOperand(words: readonly string[]): readonly string[] {
  const end = words.findIndex((word) => word === "--" || !word.startsWith("-"));
  return end < 0 ? words : words.slice(0, end);
}
