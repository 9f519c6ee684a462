/**
 * Completions for fish.
 *
 * @module
 */

import { type Command, optionsOf } from "../command.ts";
import type { Option } from "../option.ts";
import { operandWords, quote } from "./words.ts";

/** A file for fish's directory of completions. */
export function fishScript(commands: readonly Command[]): string {
  const lines = [
    "# Completions of denovisor for fish",
    "complete -c denovisor -f",
    ...commands.map(({ name, summary }) =>
      `complete -c denovisor -n __fish_use_subcommand -a ${name} -d ${quote(summary)}`
    ),
    ...commands.flatMap((command) => commandLines(command, commands)),
  ];
  return `${lines.join("\n")}\n`;
}

function commandLines(command: Command, commands: readonly Command[]): string[] {
  const on = `complete -c denovisor -n '__fish_seen_subcommand_from ${command.name}'`;
  const words = operandWords(command, commands);
  return [
    ...(words.length === 0 ? [] : [`${on} -a ${quote(words.join(" "))}`]),
    ...(command.files || command.passesOn ? [`${on} -F`] : []),
    ...optionsOf(command).map((option) => `${on} ${optionWords(option)}`),
  ];
}

function optionWords({ name, short, alias, value, files, choices, help }: Option): string {
  return [
    `-l ${name}`,
    ...(alias === undefined ? [] : [`-l ${alias}`]),
    ...(short === undefined ? [] : [`-s ${short}`]),
    ...(value === undefined ? [] : [files ? "-r -F" : "-x"]),
    ...(choices === undefined ? [] : [`-a ${quote(choices.join(" "))}`]),
    `-d ${quote(help)}`,
  ].join(" ");
}
