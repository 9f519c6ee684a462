/**
 * How long pausing and stopping take.
 *
 * @module
 */

/** What is promised (ms). */
const PROMISED = 50;
/**
 * What the host may add (ms): its processors are shared with other processes, and a thread that is wanted may have to
 * wait for their time slices, and for those of a machine's other threads where there are more than processors. The
 * median gets no such allowance.
 */
const SCHEDULING = { OTHERS: 150, FOR_EACH_THREAD: 20 } as const;

/** Collects durations of one kind of action. */
export class Promptness {
  readonly #times: number[] = [];

  readonly #allowance: number;

  /** @param threads of the machine that may all want to run at once */
  constructor(private readonly what: string, threads = 1) {
    const { OTHERS, FOR_EACH_THREAD } = SCHEDULING;
    this.#allowance = OTHERS + FOR_EACH_THREAD * threads / navigator.hardwareConcurrency;
  }

  /** Does it and notes how long it took. */
  async of(action: () => Promise<unknown>): Promise<void> {
    const start = performance.now();
    await action();
    this.#times.push(performance.now() - start);
  }

  /** Throws unless all were as fast as promised. `crowded`: the median may be late too. */
  check({ crowded = false } = {}): void {
    const sorted = this.#times.toSorted((a, b) => a - b);
    const median = sorted[sorted.length >> 1]!, most = sorted.at(-1)!;
    if (!crowded && median > PROMISED || most > PROMISED + this.#allowance) {
      const list = sorted.map((ms) => ms.toFixed(1)).join(" ");
      throw new Error(`${this.what} took a median of ${median.toFixed(1)} ms; all: ${list}`);
    }
  }
}
