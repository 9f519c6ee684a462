/**
 * A mutual-exclusion lock in shared memory.
 *
 * @module
 */

const FREE = 0;
const HELD = 1;
/** Held, and somebody sleeps until it is free. */
const CONTENDED = 2;

/** Tries before sleeping: about 2 µs, longer than any device handler takes. */
const SPINS = 200;

/**
 * A lock that any worker can take, uncontended for some 20 ns (three states as in U. Drepper, "Futexes are tricky").
 *
 * Not recursive. Order: bus → device → queue → interrupt line. Never hold one across a call that can block. Always
 * release in a `finally`.
 */
export class Lock {
  /** @param words in a SharedArrayBuffer @param index of the word that is this lock, zero at first */
  constructor(private readonly words: Int32Array<SharedArrayBuffer>, private readonly index: number) {}

  /** Takes the lock; sleeps while another worker has it. */
  acquire(): void {
    if (Atomics.compareExchange(this.words, this.index, FREE, HELD) !== FREE) this.#wait();
  }

  /** Gives the lock back. Only its holder may. */
  release(): void {
    if (Atomics.exchange(this.words, this.index, FREE) === CONTENDED) {
      Atomics.notify(this.words, this.index, 1);
    }
  }

  #wait(): void {
    for (let i = 0; i < SPINS; i++) {
      if (Atomics.compareExchange(this.words, this.index, FREE, HELD) === FREE) return;
    }
    // Whoever slept must assume that others sleep too, and so takes the lock as contended.
    while (Atomics.exchange(this.words, this.index, CONTENDED) !== FREE) {
      Atomics.wait(this.words, this.index, CONTENDED);
    }
  }
}
