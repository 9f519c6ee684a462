/**
 * The terminal's size. A serial line carries none: the user has it typed, or a kernel command line tells it.
 *
 * @module
 */

/** Rows and columns, in characters; undefined where there is no terminal. */
export function windowSize(): { rows: number; columns: number } | undefined {
  try {
    const { rows, columns } = Deno.consoleSize();
    return rows > 0 && columns > 0 ? { rows, columns } : undefined;
  } catch {
    return undefined;
  }
}
