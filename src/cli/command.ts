/**
 * How a command is described, and where it is found.
 *
 * @module
 */

import type { SpareWorkers } from "../vcpu/spare_workers.ts";
import type { Arguments } from "./arguments.ts";
import { COMMON_OPTIONS, type Option } from "./option.ts";

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
  /** Does the work and returns the exit code. `spare` is there for commands that start a guest here. */
  execute(args: Arguments, registry: CommandRegistry, spare?: SpareWorkers): Promise<number>;
}

/** All commands, for those that tell of the others. */
export interface CommandRegistry {
  readonly names: readonly string[];
  /** True if the command starts a guest in this process: its first worker can load beside the command. */
  startsGuest(name: string): boolean;
  /** Loads one; undefined if there is none of that name. */
  load(name: string): Promise<Command | undefined>;
}

/** Loads every command. */
export async function allCommands(registry: CommandRegistry): Promise<readonly Command[]> {
  return (await Promise.all(registry.names.map(registry.load))).filter((command) => command !== undefined);
}

/** All flags of a command. */
export function optionsOf(command: Command): readonly Option[] {
  return [...command.options, ...COMMON_OPTIONS];
}
