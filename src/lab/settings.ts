/**
 * What one run of the lab is asked to do, in the form in which the lab's /init reads it: a few shell variables,
 * and the command as a shell script.
 *
 * @module
 */

import { UserError } from "../errors.ts";

/** Rows and columns of a terminal, in characters. */
export interface WindowSize {
  readonly rows: number;
  readonly columns: number;
}

/** Switches of one run. */
export interface LabSettings {
  /** The command's standard streams are a terminal of this size. */
  readonly terminal?: WindowSize;
  /** Standard input is forwarded; without it and without a terminal it is empty. */
  readonly stdin: boolean;
  /** A directory of the host's is shared for writing. */
  readonly shared: boolean;
}

/** Where the command finds the shared directory; also in the environment, under {@linkcode LAB_VARIABLES}. */
export const SHARED_DIRECTORY = "/run/lab/out";

/** Environment variables that tell a program that it runs in the lab, and where it may leave files. */
export const LAB_VARIABLES = { inside: "DENOVISOR_LAB", shared: "DENOVISOR_LAB_OUT" } as const;

/** Variables that describe the host's session and mislead in the lab. */
const DROPPED = ["OLDPWD", "SHLVL", "_"];

/** Quotes a word for a POSIX shell; a NUL, which no argument can hold, is refused. */
export function shellQuote(word: string): string {
  if (word.includes("\0")) throw new UserError(`an argument cannot hold a NUL: ${JSON.stringify(word)}`);
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** The variables that /init reads. */
export function settingsScript(settings: LabSettings): string {
  return [
    `terminal=${settings.terminal ? 1 : ""}`,
    `rows=${settings.terminal?.rows ?? ""}`,
    `columns=${settings.terminal?.columns ?? ""}`,
    `stdin=${settings.stdin ? 1 : ""}`,
    `shared=${settings.shared ? 1 : ""}`,
    "",
  ].join("\n");
}

/**
 * The command as a script for busybox's shell. The environment is set by `env -i`, since a shell drops
 * variables whose names it could not have made itself.
 */
export function commandScript(
  command: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>>,
  shared: boolean,
): string {
  const variables = Object.entries({
    ...env,
    [LAB_VARIABLES.inside]: "1",
    ...(shared ? { [LAB_VARIABLES.shared]: SHARED_DIRECTORY } : {}),
  }).filter(([name]) => !DROPPED.includes(name));
  const words = [...variables.map(([name, value]) => `${name}=${value}`), ...command].map(shellQuote);
  return `cd ${shellQuote(cwd)} || exit 125\nexec /run/lab/busybox env -i ${words.join(" ")}\n`;
}
