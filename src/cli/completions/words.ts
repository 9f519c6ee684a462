/**
 * What a shell can offer, taken out of the commands' descriptions.
 *
 * @module
 */

import type { Command } from "../command.ts";
import type { Option } from "../option.ts";

/** Spellings of a flag, the long one first. */
export function spellings({ name, short, alias }: Option): readonly string[] {
  return [
    `--${name}`,
    ...(alias === undefined ? [] : [`--${alias}`]),
    ...(short === undefined ? [] : [`-${short}`]),
  ];
}

/** Words for a command's operand. */
export function operandWords(command: Command, commands: readonly Command[]): readonly string[] {
  return command.choices === "commands" ? commands.map(({ name }) => name) : command.choices ?? [];
}

/** Quotes a text for any POSIX shell, and for fish where it has no backslash. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
