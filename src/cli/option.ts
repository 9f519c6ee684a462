/**
 * How a flag is described. Parsing, help and shell completions all read the same description.
 *
 * @module
 */

/** One flag. */
export interface Option {
  /** Without dashes: `memory` is written `--memory`. */
  readonly name: string;
  /** One letter: `m` is written `-m`. */
  readonly short?: string;
  /** Another long name, for fingers used to other tools. */
  readonly alias?: string;
  /** What stands for the value in help, such as `SIZE`; a flag without it takes no value. */
  readonly value?: string;
  /** May be given more than once. */
  readonly repeatable?: boolean;
  /** One sentence without its full stop. */
  readonly help: string;
  /** Heading in help under which the flag stands. */
  readonly group?: string;
  /** Told in help. */
  readonly defaultText?: string;
  /** Words that a shell offers as the value. */
  readonly choices?: readonly string[];
  /** A shell offers file names as the value. */
  readonly files?: boolean;
}

/** A flag of the commands that a program may read. */
export const JSON_OPTION: Option = {
  name: "json",
  help: "Results on standard output, errors and outcomes on standard error, as one line of JSON each",
};

/** What `--log-level` takes. */
export const LOG_LEVELS = ["debug", "info", "warning", "error", "off"] as const;

/** Flags that every command takes. */
export const COMMON_OPTIONS: readonly Option[] = [
  {
    name: "log-level",
    value: "LEVEL",
    help: "Log to standard error from this level on",
    choices: LOG_LEVELS,
    defaultText: "warning",
  },
  { name: "verbose", short: "v", help: "The same as --log-level debug" },
  { name: "help", short: "h", help: "Show this help" },
];
