/**
 * What somebody hears who mistypes a command.
 *
 * @module
 */

import { suggest } from "../config/suggest.ts";
import { UserError } from "../errors.ts";
import { COMMANDS } from "./commands.ts";

/** The error for a first word that is no command. */
export function unknownCommand(word: string): UserError {
  const names = Object.keys(COMMANDS);
  if (word.startsWith("-")) {
    return new UserError(`${word} comes before any command`, {
      hint: `The command comes first: denovisor run ${word} … (commands: ${names.join(", ")})`,
    });
  }
  const meant = suggest(word, names);
  if (meant !== undefined) {
    return new UserError(`unknown command ${JSON.stringify(word)}`, { hint: `Did you mean "${meant}"?` });
  }
  return new UserError(`unknown command ${JSON.stringify(word)}`, {
    hint: /[/.]|vmlinu/.test(word)
      ? `To boot a kernel: denovisor run ${word}`
      : `Commands: ${names.join(", ")}. denovisor --help tells more.`,
  });
}
