/**
 * Completions for zsh.
 *
 * @module
 */

import { type Command, optionsOf } from "../command.ts";
import type { Option } from "../option.ts";
import { operandWords, quote, spellings } from "./words.ts";

/** A file for a directory of `$fpath`, named `_denovisor`. */
export function zshScript(commands: readonly Command[]): string {
  return `#compdef denovisor
# Completions of denovisor for zsh
_denovisor() {
  local -a commands
  commands=(
${commands.map(({ name, summary }) => `    ${quote(`${name}:${summary}`)}\n`).join("")}  )
  if ((CURRENT == 2)); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  ((CURRENT--))
  case $command in
${commands.map((command) => commandCase(command, commands)).join("")}  esac
}
_denovisor "$@"
`;
}

function commandCase(command: Command, commands: readonly Command[]): string {
  const specs = optionsOf(command).flatMap((option) =>
    spellings(option).map((spelling) => quote(optionSpec(option, spelling)))
  );
  const words = operandWords(command, commands);
  const operand = command.passesOn
    ? `'*::command:_normal'`
    : words.length > 0
    ? quote(`1: :(${words.join(" ")})`)
    : command.files
    ? `'1:file:_files'`
    : "";
  return `  ${command.name}) _arguments \\\n${
    [...specs, operand].filter((spec) => spec !== "").map((spec) => `    ${spec}`).join(" \\\n")
  }
    ;;
`;
}

/** As `_arguments` reads it: `*` for repeatable, the explanation in brackets, the value after colons. */
function optionSpec({ repeatable, help, value, files, choices }: Option, spelling: string): string {
  const explanation = help.replaceAll(/[[\]:\\]/g, (special) => `\\${special}`);
  const action = files
    ? "_files"
    : choices
    ? `(${choices.map((word) => word.replaceAll(":", "\\:")).join(" ")})`
    : "";
  const taken = value === undefined ? "" : `: :${action}`;
  return `${repeatable ? "*" : ""}${spelling}[${explanation}]${taken}`;
}
