/**
 * `denovisor completions SHELL`.
 *
 * @module
 */

import { suggest } from "../../config/suggest.ts";
import { UserError } from "../../errors.ts";
import { completionScript, isShell, SHELLS } from "../completions/script.ts";
import { EXIT } from "../exit_codes.ts";
import { allCommands, type Command } from "../command.ts";
import { print } from "../output.ts";

/** Prints a script that teaches a shell the commands and flags. */
export const completions: Command = {
  name: "completions",
  summary: "Print a script that teaches your shell the commands and flags",
  operands: "SHELL",
  maxOperands: 1,
  choices: SHELLS,
  examples: [
    ["completions bash > ~/.local/share/bash-completion/completions/denovisor", "bash"],
    ['completions zsh > "${fpath[1]}/_denovisor"', "zsh"],
    ["completions fish > ~/.config/fish/completions/denovisor.fish", "fish"],
  ],
  options: [],
  async execute({ operands: [shell] }, registry) {
    if (shell === undefined || !isShell(shell)) {
      const meant = suggest(shell ?? "", SHELLS);
      throw new UserError(
        shell === undefined
          ? "completions: for which shell?"
          : `completions: unknown shell ${JSON.stringify(shell)}`,
        { hint: meant === undefined ? `There are ${SHELLS.join(", ")}.` : `Did you mean "${meant}"?` },
      );
    }
    print(completionScript(shell, await allCommands(registry)));
    return EXIT.OK;
  },
};
