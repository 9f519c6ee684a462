/**
 * A report for a terminal.
 *
 * @module
 */

import type { DoctorReport, Finding, Status } from "./report.ts";
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
  lines.push(`Next, type: ${paint(BOLD, report.next)}`);
  lines.push("", ...wrap(SHARE_PLEA, columns).map((line) => paint(DIM, line)));
  return lines.join("\n") + "\n";
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

/** Breaks text at spaces into lines of at most `width` characters; a longer word has a line of its own. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = /^ */.exec(text)![0];
  let empty = true;
  for (const word of text.trim().split(/ +/)) {
    if (!empty && line.length + 1 + word.length > width) {
      lines.push(line);
      line = "";
      empty = true;
    }
    line += empty ? word : ` ${word}`;
    empty = false;
  }
  return [...lines, line];
}
