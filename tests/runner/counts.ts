/** What a run of tests came to. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Names of skipped tests; each says why. */
  readonly skippedNames: readonly string[];
}

/** No tests. */
export const NOTHING: Counts = { passed: 0, failed: 0, skipped: 0, skippedNames: [] };

/** Both together. */
export function add(a: Counts, b: Counts): Counts {
  return {
    passed: a.passed + b.passed,
    failed: a.failed + b.failed,
    skipped: a.skipped + b.skipped,
    skippedNames: [...a.skippedNames, ...b.skippedNames],
  };
}

const escapes = new RegExp(String.raw`\u001b\[[0-9;]*m`, "g");

/** Reads the closing line of `deno test`, and the names of what it ignored. A run without that line has failed. */
export function readCounts(output: string): Counts {
  const text = output.replace(escapes, "");
  const closing = [...text.matchAll(/^(?:ok|FAILED) \| (\d+) passed[^|]*\| (\d+) failed(.*)$/gm)].at(-1);
  if (closing === undefined) return { ...NOTHING, failed: 1 };
  const skipped = Number(/(\d+) ignored/.exec(closing[3]!)?.[1] ?? 0);
  const names = [...text.matchAll(/^(.+?) \.\.\. ignored/gm)].map((match) => match[1]!);
  return { passed: Number(closing[1]), failed: Number(closing[2]), skipped, skippedNames: names };
}
