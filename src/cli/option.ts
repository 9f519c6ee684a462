/**
 * How a command describes itself. Parsing, help and shell completions all read the same description.
 *
 * @module
 */

import type { Arguments } from "./arguments.ts";

/** One flag. */
export interface Option {
  /** Without dashes: `memory` is written `--memory`. */
  readonly name: string;
  /** One letter: `m` is written `-m`. */
  readonly short?: string;
  /** Another long name, for fingers used to other tools. */
  readonly alias?: string;
  /** What stands for the value in help, such as `SIZE`; a flag without it takes no value. */
  readonly value?: string;
  /** May be given more than once. */
  readonly repeatable?: boolean;
  /** One sentence without its full stop. */
  readonly help: string;
  /** Heading in help under which the flag stands. */
  readonly group?: string;
  /** Told in help. */
  readonly defaultText?: string;
  /** Words that a shell offers as the value. */
  readonly choices?: readonly string[];
  /** A shell offers file names as the value. */
  readonly files?: boolean;
}

/** One command. */
export interface Command {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** What follows the name and the flags in the usage line, such as `[KERNEL]`. */
  readonly operands: string;
  /** Most operands that it takes; default 0. */
  readonly maxOperands?: number;
  /** Words that a shell offers as operands; `commands` stands for the names of all commands. */
  readonly choices?: readonly string[] | "commands";
  /** A shell offers file names as operands. */
  readonly files?: boolean;
  /** From the first operand on, words are another program's: no flags are looked for. */
  readonly passesOn?: boolean;
  /** Command lines (without `denovisor`) and what they do. */
  readonly examples: readonly (readonly [line: string, effect: string])[];
  /** Paragraphs after the flags in help. */
  readonly notes?: readonly string[];
  /** Its own flags; those in {@linkcode COMMON_OPTIONS} are added to them. */
  readonly options: readonly Option[];
  /** Does the work and returns the exit code. */
  execute(args: Arguments, registry: CommandRegistry): Promise<number>;
}

/** All commands, for those that tell of the others. */
export interface CommandRegistry {
  readonly names: readonly string[];
  /** Loads one; undefined if there is none of that name. */
  load(name: string): Promise<Command | undefined>;
}

/** A flag of the commands that a program may read. */
export const JSON_OPTION: Option = {
  name: "json",
  help: "Results on standard output, errors and outcomes on standard error, as one line of JSON each",
};

/** What `--log-level` takes. */
export const LOG_LEVELS = ["debug", "info", "warning", "error", "off"] as const;

/** Flags that every command takes. */
export const COMMON_OPTIONS: readonly Option[] = [
  {
    name: "log-level",
    value: "LEVEL",
    help: "Log to standard error from this level on",
    choices: LOG_LEVELS,
    defaultText: "warning",
  },
  { name: "verbose", short: "v", help: "The same as --log-level debug" },
  { name: "help", short: "h", help: "Show this help" },
];

/** Loads every command. */
export async function allCommands(registry: CommandRegistry): Promise<readonly Command[]> {
  return (await Promise.all(registry.names.map(registry.load))).filter((command) => command !== undefined);
}

/** All flags of a command. */
export function optionsOf(command: Command): readonly Option[] {
  return [...command.options, ...COMMON_OPTIONS];
}
