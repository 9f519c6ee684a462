/**
 * What somebody hears who mistypes a command.
 *
 * @module
 */

import { suggest } from "../config/suggest.ts";
import { UserError } from "../errors.ts";

/** The error for a word that is none of the commands `names`. */
export function unknownCommand(word: string, names: readonly string[]): UserError {
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
