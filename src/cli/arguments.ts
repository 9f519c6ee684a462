/**
 * Command-line arguments, strictly: what is not understood is one clear error.
 *
 * The standard library's parser does the splitting; what it lets pass (a missing value, a value for a switch, a
 * flag given twice, values that begin with a dash) is settled here, before and after it.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { suggest } from "../config/suggest.ts";
import { UserError } from "../errors.ts";
import type { Option } from "./option.ts";

/** What a user wrote, checked against the flags that there are. */
export class Arguments {
  /** @param operands Words that are no flags. @param values Values by flag; a switch has none. */
  constructor(
    readonly operands: readonly string[],
    private readonly values: ReadonlyMap<string, readonly string[]>,
  ) {}

  /** Whether a flag was given. */
  has(name: string): boolean {
    return this.values.has(name);
  }

  /** A flag's value, undefined where it was not given. */
  value(name: string): string | undefined {
    return this.values.get(name)?.at(-1);
  }

  /** All values of a repeatable flag. */
  all(name: string): readonly string[] {
    return this.values.get(name) ?? [];
  }
}

/** How strictly operands are taken. */
export interface ParseSettings {
  /** For the hints in errors: `denovisor run`. */
  readonly command: string;
  readonly maxOperands?: number;
  /** From the first operand on, everything is an operand. */
  readonly passesOn?: boolean;
}

/** Reads arguments. Throws UserError that names the word at fault. */
export function parseArguments(
  words: readonly string[],
  options: readonly Option[],
  settings: ParseSettings,
): Arguments {
  const { flags, operands } = separate(words, options, settings);
  const parsed = parseArgs(flags, {
    string: options.filter(takesValue).map(({ name }) => name),
    boolean: options.filter((option) => !takesValue(option)).map(({ name }) => name),
    collect: options.map(({ name }) => name),
  });
  const values = new Map<string, readonly string[]>();
  for (const option of options) {
    const given = parsed[option.name] as readonly unknown[];
    if (given.length === 0) continue;
    if (given.length > 1 && takesValue(option) && !option.repeatable) {
      throw new UserError(`--${option.name} was given ${given.length} times`, {
        field: option.name,
        hint: `Give it once. The values were ${given.join(" and ")}.`,
      });
    }
    values.set(option.name, takesValue(option) ? given as readonly string[] : []);
  }
  const extra = operands[settings.maxOperands ?? 0];
  if (extra !== undefined && !settings.passesOn) {
    throw new UserError(`${JSON.stringify(extra)} is one word too many`, {
      hint: `${settings.command} --help shows what it takes. A value with spaces needs quotes.`,
    });
  }
  return new Arguments(operands, values);
}

/** Flags in one spelling, `--name=value` or `--name=true`, and operands. */
function separate(
  words: readonly string[],
  options: readonly Option[],
  settings: ParseSettings,
): { flags: string[]; operands: string[] } {
  const flags: string[] = [];
  const operands: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (word === "--" || (settings.passesOn && !isFlag(word))) {
      operands.push(...words.slice(word === "--" ? i + 1 : i));
      break;
    }
    if (!isFlag(word)) {
      operands.push(word);
      continue;
    }
    const equals = word.indexOf("=");
    const spelling = equals < 0 ? word : word.slice(0, equals);
    const option = find(spelling, options);
    if (option === undefined) throw unknownFlag(spelling, options, settings);
    if (!takesValue(option)) {
      if (equals >= 0) {
        throw new UserError(
          `${spelling} takes no value, but was given ${JSON.stringify(word.slice(equals + 1))}`,
          {
            field: option.name,
            hint: `Write ${spelling} alone, or leave it out.`,
          },
        );
      }
      flags.push(`--${option.name}=true`);
      continue;
    }
    if (equals >= 0) {
      flags.push(`--${option.name}=${word.slice(equals + 1)}`);
      continue;
    }
    // A value may begin with a dash (`--memory -1` deserves a word about -1), unless it is a flag itself.
    const value = words[++i];
    if (value === undefined || value === "--" || find(value.split("=")[0]!, options) !== undefined) {
      throw new UserError(`${spelling} needs a value`, {
        field: option.name,
        hint: `Write ${spelling} ${option.value}${
          option.defaultText ? `, for example ${spelling} ${option.defaultText}` : ""
        }.`,
      });
    }
    flags.push(`--${option.name}=${value}`);
  }
  return { flags, operands };
}

/** A lone dash, by custom standard input, is an operand. */
function isFlag(word: string): boolean {
  return word.startsWith("-") && word !== "-";
}

function takesValue(option: Option): boolean {
  return option.value !== undefined;
}

function find(spelling: string, options: readonly Option[]): Option | undefined {
  return options.find(({ name, short, alias }) =>
    spelling === `--${name}` || spelling === `-${short}` || spelling === `--${alias}`
  );
}

function unknownFlag(spelling: string, options: readonly Option[], settings: ParseSettings): UserError {
  const meant = suggest(
    spelling.replace(/^-+/, ""),
    options.flatMap(({ name, alias }) => alias === undefined ? [name] : [name, alias]),
  );
  return new UserError(`unknown flag ${spelling}`, {
    hint: meant === undefined ? `${settings.command} --help lists the flags.` : `Did you mean --${meant}?`,
  });
}
