/**
 * Colours, where a person sees them.
 *
 * @module
 */

/** Wraps text in a look; without colours every function returns its text as it is. */
export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
  cyan(text: string): string;
}

/** A stream that may be a terminal. */
interface MaybeTerminal {
  isTerminal(): boolean;
}

/** Select Graphic Rendition (ECMA-48 §8.3.117). */
function sgr(on: number, off: number): (text: string) => string {
  return (text) => `\x1b[${on}m${text}\x1b[${off}m`;
}

const same = (text: string): string => text;

/** No colours. */
export const PLAIN: Style = { bold: same, dim: same, red: same, green: same, yellow: same, cyan: same };

/** Colours by escape sequences. */
export const COLOURED: Style = {
  bold: sgr(1, 22),
  dim: sgr(2, 22),
  red: sgr(31, 39),
  green: sgr(32, 39),
  yellow: sgr(33, 39),
  cyan: sgr(36, 39),
};

/** Colours only where a stream is a terminal and NO_COLOR is unset. */
export function styleFor(stream: MaybeTerminal): Style {
  return stream.isTerminal() && !Deno.noColor ? COLOURED : PLAIN;
}

/** Columns to write help for: the terminal's, within what reads well; 80 where there is none. */
export function readableWidth(stream: MaybeTerminal): number {
  if (!stream.isTerminal()) return 80;
  try {
    return Math.min(100, Math.max(40, Deno.consoleSize().columns));
  } catch {
    return 80;
  }
}
