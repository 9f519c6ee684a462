/**
 * The user's terminal while an interactive command has it.
 *
 * @module
 */

import type { WindowSize } from "./settings.ts";

/** Whether both ends of a conversation are a terminal. */
export function hasTerminal(): boolean {
  return Deno.stdin.isTerminal() && Deno.stdout.isTerminal();
}

/** The terminal's size; 24 by 80 where it does not say. */
export function windowSize(): WindowSize {
  try {
    const { rows, columns } = Deno.consoleSize();
    return rows > 0 && columns > 0 ? { rows, columns } : { rows: 24, columns: 80 };
  } catch {
    return { rows: 24, columns: 80 };
  }
}

/**
 * The terminal in raw mode: every key goes to the command, Ctrl-C too. Disposal restores it.
 */
export class RawTerminal implements Disposable {
  readonly #resized: () => void;

  /** @param onResize Called with each new window size. */
  constructor(onResize: (size: WindowSize) => void) {
    this.#resized = () => onResize(windowSize());
    Deno.stdin.setRaw(true);
    Deno.addSignalListener("SIGWINCH", this.#resized);
  }

  [Symbol.dispose](): void {
    Deno.removeSignalListener("SIGWINCH", this.#resized);
    try {
      Deno.stdin.setRaw(false);
    } catch {
      // The terminal is gone, and with it what there was to restore.
    }
  }
}
