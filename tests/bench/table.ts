/**
 * The figures for people, and for programs.
 *
 * @module
 */

import { type Figure, isMet, type Target } from "./figure.ts";

/** The figures of one benchmark. */
export interface Results {
  readonly bench: string;
  readonly title: string;
  readonly figures: readonly Figure[];
}

const DIGITS = { ns: 0, ms: 1, s: 2, MB: 1 } as const;
const HEAD = ["", "Denovisor", "beside", "ratio", "target", ""] as const;

/** A table with a legend. */
export function table(results: readonly Results[]): string {
  const lines: (readonly string[] | string)[] = [];
  for (const { title, figures } of results) {
    lines.push("", title, HEAD, ...figures.flatMap((figure) => [cells(figure), ...noteOf(figure)]));
  }
  const rows = lines.filter((line) => typeof line !== "string");
  const widths = HEAD.map((_, i) => Math.max(0, ...rows.map((row) => row[i]!.length)));
  const text = lines.map((line) => typeof line === "string" ? line : aligned(line, widths)).join("\n");
  return `${text}\n\n${LEGEND}\n`;
}

const LEGEND =
  "Medians of rounds in which Denovisor and what it stands beside took turns; the ratio is the median of the\n" +
  "rounds' ratios. A target is the most that the ratio, or the figure itself, may be.";

function cells(figure: Figure): readonly string[] {
  const { name, ours, theirs, than, ratio, target } = figure;
  const met = isMet(figure);
  return [
    `  ${name}`,
    amount(ours, figure),
    theirs === undefined ? "" : `${amount(theirs, figure)} ${than ?? ""}`.trimEnd(),
    ratio === undefined ? "" : `${ratio.toFixed(3)}×`,
    target === undefined ? "" : limit(target, figure),
    met === undefined ? "" : met ? "met" : "MISSED",
  ];
}

function noteOf({ note }: Figure): string[] {
  return note === undefined ? [] : note.split("\n").map((line) => `      ${line}`);
}

function amount(value: number | undefined, { unit }: Figure): string {
  return value === undefined ? "–" : `${value.toFixed(DIGITS[unit])} ${unit}`;
}

function limit(target: Target, figure: Figure): string {
  return `≤ ${"ratio" in target ? `${target.ratio.toFixed(2)}×` : amount(target.most, figure)}`;
}

function aligned(row: readonly string[], widths: readonly number[]): string {
  return row.map((cell, i) => i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)).join("  ")
    .trimEnd();
}

/** What `--json` gives: the figures with ratio and verdict, and the machine that they were measured on. */
export function report(results: readonly Results[], machine: unknown): unknown {
  return {
    machine,
    figures: results.flatMap(({ bench, figures }) =>
      figures.map((figure) => ({ bench, ...figure, met: isMet(figure) }))
    ),
  };
}
