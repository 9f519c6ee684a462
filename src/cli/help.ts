/**
 * `--help`, for a person: examples first, then what there is.
 *
 * @module
 */

import { firstColumn, twoColumns, wrap } from "./columns.ts";
import { EXIT, EXIT_CODE_HELP } from "./exit_codes.ts";
import { allCommands, type Command, type CommandRegistry, optionsOf } from "./command.ts";
import { COMMON_OPTIONS, type Option } from "./option.ts";
import { print, tell } from "./output.ts";
import { readableWidth, type Style, styleFor } from "./style.ts";

/** How help is written. */
export interface HelpLayout {
  readonly width: number;
  readonly style: Style;
}

/** The page that `denovisor --help` shows. */
export function overview(commands: readonly Command[], { width, style }: HelpLayout): string {
  const names = commands.map(({ name, operands, summary }): [string, string] => [
    `${name} ${operands}`.trim(),
    summary,
  ]);
  return [
    paragraph("Denovisor runs virtual machines on Linux KVM. It is written in TypeScript.", width),
    section(
      "Usage",
      "  denovisor COMMAND [FLAGS]\n  deno run -A cli.ts COMMAND [FLAGS]   the same, from the source tree\n",
      style,
    ),
    section("Examples", examples(OVERVIEW_EXAMPLES, width, style), style),
    section("Commands", twoColumns(names, { width, dress: style.cyan }), style),
    section("Exit codes", twoColumns(EXIT_CODE_HELP, { width, dress: style.cyan }), style),
    paragraph("denovisor COMMAND --help shows a command's flags.", width),
  ].join("\n");
}

const OVERVIEW_EXAMPLES = [
  ["demo", "a stock Debian kernel and a shell in it"],
  ["run", "the embedded guest: does KVM work here?"],
  ["run vmlinuz --initrd initrd.img", "your own kernel"],
  ["doctor", "what this host's KVM can do"],
] as const;

/** The page that `denovisor COMMAND --help` shows. */
export function commandHelp(command: Command, { width, style }: HelpLayout): string {
  const usage = `denovisor ${command.name} [FLAGS] ${command.operands}`.trim();
  const groups = Map.groupBy(
    [...command.options.map((option) => [option.group ?? "Flags", option] as const)],
    ([group]) => group,
  );
  const rows = (options: readonly Option[]) =>
    options.map((option) => [spelling(option), explain(option)] as const);
  const first = firstColumn(rows(optionsOf(command)), width);
  const flags = [...groups].map(([group, members]) =>
    section(
      group,
      twoColumns(rows(members.map(([, option]) => option)), { width, first, dress: style.cyan }),
      style,
    )
  );
  return [
    paragraph(`${command.summary}.`, width),
    section("Usage", `  ${usage}\n`, style),
    ...(command.examples.length === 0
      ? []
      : [section("Examples", examples(command.examples, width, style), style)]),
    ...flags,
    section(
      "Flags of every command",
      twoColumns(rows(COMMON_OPTIONS), { width, first, dress: style.cyan }),
      style,
    ),
    ...(command.notes ?? []).map((note) => paragraph(note, width)),
  ].join("\n");
}

/** Prints the overview: asked for, or since no command was given. */
export async function printOverview(registry: CommandRegistry, asError: boolean): Promise<number> {
  const stream = asError ? Deno.stderr : Deno.stdout;
  const text = overview(await allCommands(registry), {
    width: readableWidth(stream),
    style: styleFor(stream),
  });
  if (asError) tell(text);
  else print(text);
  return asError ? EXIT.USAGE : EXIT.OK;
}

/** Prints one command's help. */
export function printCommandHelp(command: Command): number {
  print(commandHelp(command, { width: readableWidth(Deno.stdout), style: styleFor(Deno.stdout) }));
  return EXIT.OK;
}

function paragraph(text: string, width: number): string {
  return `${wrap(text, width).join("\n")}\n`;
}

function section(title: string, body: string, style: Style): string {
  return `${style.bold(title)}\n${body}`;
}

function examples(rows: readonly (readonly [string, string])[], width: number, style: Style): string {
  const lines = rows.map(([line, effect]) => [`denovisor ${line}`, effect] as const);
  const widest = Math.max(...lines.map(([line]) => line.length));
  // Side by side where there is room for it: a command line must not be broken.
  if (lines.every(([, effect]) => widest + effect.length + 4 <= width)) {
    return twoColumns(lines, { width, first: widest, dress: style.green });
  }
  return lines.map(([line, effect]) =>
    `  ${style.green(line)}\n${twoColumns([["", effect]], { width, first: 2 })}`
  )
    .join("");
}

function spelling({ name, short, value }: Option): string {
  return `${short === undefined ? "    " : `-${short}, `}--${name}${value === undefined ? "" : ` ${value}`}`;
}

function explain({ help, choices, defaultText, repeatable, alias }: Option): string {
  const unsaid = choices?.filter((choice) => !help.includes(choice)) ?? [];
  const facts = [
    ...(unsaid.length === 0 ? [] : [choices!.join(", ")]),
    ...(defaultText === undefined ? [] : [`default ${defaultText}`]),
    ...(repeatable ? ["repeatable"] : []),
    ...(alias === undefined ? [] : [`also --${alias}`]),
  ];
  return facts.length === 0 ? help : `${help} (${facts.join("; ")})`;
}
