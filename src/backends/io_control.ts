/**
 * The words by which a machine's owner and its I/O worker speak, in shared memory: a worker in poll(2) hears no message.
 *
 * @module
 */

const WORD = { END: 0, LINGER_MS: 1, ENDED: 2 } as const;

/** Shared memory that the words take. */
export const IO_CONTROL_BYTES = 16;

/** One I/O worker's words. */
export class IoControl {
  readonly #words: Int32Array<SharedArrayBuffer>;

  /** @param buffer of {@link IO_CONTROL_BYTES}, zero at first */
  constructor(buffer: SharedArrayBuffer) {
    this.#words = new Int32Array(buffer);
  }

  /** Tells the worker to deliver what is left and to end; it needs a wake-up too. */
  orderEnd(lingerMs: number): void {
    Atomics.store(this.#words, WORD.LINGER_MS, lingerMs);
    Atomics.store(this.#words, WORD.END, 1);
  }

  /** Undefined while the worker is to go on; then how long it may wait for a reader who takes nothing (ms). */
  get lingerMs(): number | undefined {
    if (Atomics.load(this.#words, WORD.END) === 0) return undefined;
    return Atomics.load(this.#words, WORD.LINGER_MS);
  }

  /** The worker says, as its last act, that it uses nothing of the machine any more. */
  tellEnded(): void {
    Atomics.store(this.#words, WORD.ENDED, 1);
    Atomics.notify(this.#words, WORD.ENDED);
  }

  /** Resolves when the worker has ended. Does not block. */
  async ended(): Promise<void> {
    while (Atomics.load(this.#words, WORD.ENDED) === 0) {
      const wait = Atomics.waitAsync(this.#words, WORD.ENDED, 0);
      if (wait.async) await wait.value;
    }
  }
}
