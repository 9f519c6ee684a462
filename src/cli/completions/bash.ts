/**
 * Completions for bash.
 *
 * @module
 */

import { type Command, optionsOf } from "../command.ts";
import type { Option } from "../option.ts";
import { operandWords, quote, spellings } from "./words.ts";

/** A script for bash-completion's directory, or to be sourced. */
export function bashScript(commands: readonly Command[]): string {
  const names = commands.map(({ name }) => name).join(" ");
  return `# Completions of denovisor for bash
_denovisor() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} command=\${COMP_WORDS[1]}
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W ${quote(`${names} --help --version`)} -- "$current"))
    return
  fi
  case $command in
${commands.map((command) => commandCase(command, commands)).join("")}  esac
}
complete -F _denovisor denovisor
`;
}

function commandCase(command: Command, commands: readonly Command[]): string {
  const options = optionsOf(command);
  const withValues = options.filter(({ value }) => value !== undefined);
  const flags = options.flatMap((option) => spellings(option)).join(" ");
  const operands = command.passesOn
    ? `compopt -o default`
    : reply(operandWords(command, commands), command.files ?? false);
  return `  ${command.name})
    case $previous in
${withValues.map(valueCase).join("")}    esac
    if [[ $current == -* ]]; then
      COMPREPLY=($(compgen -W ${quote(flags)} -- "$current"))
    else
      ${operands}
    fi
    ;;
`;
}

function valueCase(option: Option): string {
  return `    ${spellings(option).join("|")}) ${
    reply(option.choices ?? [], option.files ?? false)
  }; return ;;\n`;
}

function reply(words: readonly string[], files: boolean): string {
  if (files) return `COMPREPLY=($(compgen -f -- "$current")); compopt -o filenames`;
  return words.length === 0 ? ":" : `COMPREPLY=($(compgen -W ${quote(words.join(" "))} -- "$current"))`;
}
