/**
 * Writing to the standard streams: results to standard output, everything else to standard error.
 *
 * @module
 */

/** A blocking writer, such as `Deno.stdout`. */
export interface SyncWriter {
  writeSync(bytes: Uint8Array): number;
}

/** Writes all of a text. A closed pipe gives Deno.errors.BrokenPipe. */
export function writeText(to: SyncWriter, text: string): void {
  let bytes = new TextEncoder().encode(text);
  while (bytes.length > 0) bytes = bytes.subarray(to.writeSync(bytes));
}

/** Prints a result. */
export function print(text: string): void {
  writeText(Deno.stdout, text.endsWith("\n") ? text : `${text}\n`);
}

/** Prints a result for a program: one line. */
export function printJson(value: unknown): void {
  print(JSON.stringify(value));
}

/** Tells a person what happens. Nobody listening is no error. */
export function say(text: string): void {
  tell(`denovisor: ${text}\n`);
}

/** Writes to standard error as it stands. */
export function tell(text: string): void {
  try {
    writeText(Deno.stderr, text);
  } catch (error) {
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}
