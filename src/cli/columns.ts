/**
 * Text laid out for a terminal's width.
 *
 * @module
 */

/** Breaks text at spaces into lines of at most `width` characters; a longer word stands alone. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}

/** How two columns are laid out. */
export interface ColumnLayout {
  /** Of the whole line. */
  readonly width: number;
  /** Width of the first column: the widest of its texts, if not given. */
  readonly first?: number;
  /** Dresses the first column; its result may have escape sequences. */
  readonly dress?: (text: string) => string;
}

const INDENT = 2;
const GAP = 2;
/** A first column wider than this has its second on the next line. */
const WIDEST_FIRST = 34;

/** The width that a first column gets. */
export function firstColumn(rows: readonly (readonly [string, string])[], width: number): number {
  const most = Math.min(WIDEST_FIRST, Math.floor(width / 2));
  return Math.max(0, ...rows.map(([first]) => first.length).filter((length) => length <= most));
}

/** Rows of two columns, the second one wrapped. */
export function twoColumns(
  rows: readonly (readonly [first: string, second: string])[],
  { width, first = firstColumn(rows, width), dress = (text) => text }: ColumnLayout,
): string {
  const left = INDENT + first + GAP;
  const margin = " ".repeat(left);
  const lines = rows.flatMap(([name, text]) => {
    const wrapped = wrap(text, Math.max(20, width - left));
    const head = " ".repeat(INDENT) + dress(name);
    if (name.length > first) return [head, ...wrapped.map((line) => margin + line)];
    const [start, ...more] = wrapped;
    return [`${head}${" ".repeat(first - name.length + GAP)}${start}`, ...more.map((line) => margin + line)];
  });
  return lines.map((line) => `${line.trimEnd()}\n`).join("");
}
