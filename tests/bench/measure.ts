/**
 * Measuring on a machine that others use too: rounds that take turns, and medians.
 *
 * @module
 */

/** The middle value; the mean of the two middle ones of an even number. NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** A way to get one sample. */
export type Contestant = () => Promise<number>;

/**
 * Runs all contestants in turn, `rounds` times, so that a disturbance meets all of them; every other round in the opposite
 * order. The samples of each, round by round.
 */
export async function takeTurns<Name extends string>(
  rounds: number,
  contestants: Readonly<Record<Name, Contestant>>,
): Promise<Record<Name, number[]>> {
  const names = Object.keys(contestants) as Name[];
  const samples = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  for (let round = 0; round < rounds; round++) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      samples[name].push(await contestants[name]());
    }
  }
  return samples;
}

/** Both medians, and the median of the rounds' own ratios, which a slow change of the machine's speed leaves alone. */
export function compare(
  ours: readonly number[],
  theirs: readonly number[] | undefined,
): { ours: number; theirs?: number; ratio?: number } {
  if (theirs === undefined) return { ours: median(ours) };
  const ratio = median(ours.map((value, round) => value / theirs[round]!));
  return { ours: median(ours), theirs: median(theirs), ratio };
}

/** A directory that is gone at the end. */
export class Workshop implements AsyncDisposable {
  private constructor(readonly directory: string) {}

  /** Makes it. */
  static async open(): Promise<Workshop> {
    return new Workshop(await Deno.makeTempDir({ prefix: "denovisor-bench-" }));
  }

  /** A path in it. */
  path(name: string): string {
    return `${this.directory}/${name}`;
  }

  /** Writes a file and gives its path. */
  async file(name: string, content: Uint8Array | string): Promise<string> {
    const path = this.path(name);
    await (typeof content === "string" ? Deno.writeTextFile(path, content) : Deno.writeFile(path, content));
    return path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.directory, { recursive: true });
  }
}
