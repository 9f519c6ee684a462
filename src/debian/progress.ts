/**
 * How long work tells a person that it is getting on.
 *
 * @module
 */

/** Told of steps as they begin; implementations draw lines, a bar, or nothing. Calls never throw. */
export interface Progress {
  /** A step begins, such as "downloading linux-image-6.1.0-56-amd64 (67 MiB)". */
  step(text: string): void;
  /** How far the present step has come, 0 to 1; called a few times a second at most. */
  fraction(done: number): void;
}

/** Says nothing. */
export const silent: Progress = { step() {}, fraction() {} };

/** One line for each step, on standard error, so that standard output stays the command's own. */
export function lineProgress(prefix = "denovisor: "): Progress {
  const encoder = new TextEncoder();
  return {
    step(text) {
      Deno.stderr.writeSync(encoder.encode(`${prefix}${text}\n`));
    },
    fraction() {},
  };
}
