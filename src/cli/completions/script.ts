/**
 * Shell completions, made from the commands' own descriptions.
 *
 * @module
 */

import type { Command } from "../command.ts";
import { bashScript } from "./bash.ts";
import { fishScript } from "./fish.ts";
import { zshScript } from "./zsh.ts";

const WRITERS = { bash: bashScript, zsh: zshScript, fish: fishScript } as const;

/** A shell that we can teach. */
export type Shell = keyof typeof WRITERS;

/** All of them. */
export const SHELLS = Object.keys(WRITERS) as readonly Shell[];

/** Whether a word names a shell that we can teach. */
export function isShell(word: string): word is Shell {
  return Object.hasOwn(WRITERS, word);
}

/** The script for a shell. */
export function completionScript(shell: Shell, commands: readonly Command[]): string {
  return WRITERS[shell](commands);
}
