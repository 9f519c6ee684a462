/**
 * A report for a terminal.
 *
 * @module
 */

import type { DoctorReport, Finding, NextCommand, Status } from "./report.ts";
import { SHARE_PLEA } from "./share.ts";

/** How a report is printed. */
export interface FormatOptions {
  /** Escape sequences for colours. */
  readonly colour: boolean;
  /** Columns; lines are broken at words to fit, down to a least width of 40. */
  readonly width: number;
}

/** Marks tell the status without colour, too. SGR colours: ECMA-48 §8.3.117. */
const MARKS: Readonly<Record<Status, { readonly mark: string; readonly colour: number }>> = {
  ok: { mark: "✓", colour: 32 },
  note: { mark: "·", colour: 36 },
  warning: { mark: "!", colour: 33 },
  problem: { mark: "✗", colour: 31 },
};
const BOLD = 1;
const DIM = 2;
const MARGIN = 4;
/** Titles are padded to the longest, but leave room for what was found. */
const MAX_TITLE = 24;
const LEAST_WIDTH = 40;

type Paint = (code: number, text: string) => string;

/** The report as text of several lines, ending in a newline. */
export function formatDoctor(report: DoctorReport, { colour, width }: FormatOptions): string {
  const paint: Paint = (code, text) => colour && text !== "" ? `\x1b[${code}m${text}\x1b[0m` : text;
  const columns = Math.max(LEAST_WIDTH, width);
  const all = report.sections.flatMap((section) => section.findings);
  const titles = Math.min(MAX_TITLE, Math.max(0, ...all.map((finding) => finding.title.length)));
  const lines: string[] = [];
  for (const section of report.sections) {
    lines.push(paint(BOLD, section.title));
    for (const finding of section.findings) lines.push(...formatFinding(finding, titles, columns, paint));
    lines.push("");
  }
  lines.push(...wrap(report.summary, columns).map((line) => paint(BOLD, line)));
  const { reason, remedy } = report.verdict;
  if (reason !== undefined) lines.push(...wrap(`${capital(reason)}. ${remedy ?? ""}`.trim(), columns));
  lines.push(...nextCommands(report.next, columns, paint));
  lines.push("", ...wrap(SHARE_PLEA, columns).map((line) => paint(DIM, line)));
  return lines.join("\n") + "\n";
}

function nextCommands(next: readonly NextCommand[], columns: number, paint: Paint): string[] {
  const commands = Math.max(0, ...next.map(({ command }) => command.length));
  const lead = ["Next, type:", "or:"].map((text) => text.padStart(11) + "  ");
  return next.flatMap(({ command, does }, i) => {
    const line = lead[Math.min(i, 1)]! + paint(BOLD, command);
    const indent = lead[0]!.length + commands + 2;
    if (indent + does.length <= columns) {
      return [`${line}${" ".repeat(commands - command.length)}  ${paint(DIM, does)}`];
    }
    return [
      line,
      ...wrap(does, columns - lead[0]!.length).map((text) => " ".repeat(lead[0]!.length) + paint(DIM, text)),
    ];
  });
}

function formatFinding(finding: Finding, titles: number, columns: number, paint: Paint): string[] {
  const { mark, colour } = MARKS[finding.status];
  const indent = " ".repeat(MARGIN + titles + 2);
  const found = wrap(finding.found, columns - indent.length);
  const title = finding.title.padEnd(titles);
  const lines = finding.title.length <= titles
    ? found.map((line, i) => i === 0 ? `  ${paint(colour, mark)} ${title}  ${line}` : indent + line)
    : [`  ${paint(colour, mark)} ${title}`, ...found.map((line) => indent + line)];
  if (finding.remedy === undefined) return lines;
  const remedy = finding.remedy.split("\n").flatMap((line) => wrap(line, columns - indent.length - 2));
  return [
    ...lines,
    ...remedy.map((line, i) => indent + (i === 0 ? `${paint(colour, "→")} ${line}` : `  ${line}`)),
  ];
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A word; or a command between backticks, which is to be copied and so stays in one piece. */
const PIECE = /[^\s`]*`[^`]*`\S*|\S+/g;

/** Breaks text at spaces into lines of at most `width` characters; a longer piece has a line of its own. */
export function wrap(text: string, width: number): string[] {
  const margin = /^ */.exec(text)![0];
  const lines: string[] = [];
  let line = "";
  for (const piece of text.match(PIECE) ?? []) {
    if (line !== "" && margin.length + line.length + 1 + piece.length > width) {
      lines.push(margin + line);
      line = "";
    }
    line += line === "" ? piece : ` ${piece}`;
  }
  return [...lines, margin + line];
}
