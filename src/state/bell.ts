/**
 * A wake-up call between isolates that costs almost nothing while the sleeper is awake.
 *
 * @module
 */

const ARMED = 0;
const RUNG = 1;
/** Words that a bell takes. */
export const BELL_WORDS = 2;

/** How a sleeper that does not wait on shared memory is woken, for example by an eventfd. */
export type Waker = () => void;

/**
 * Wakes one sleeper. It arms the bell before it sleeps, looks once more whether there is work, and sleeps; a ringer
 * that finds the bell unarmed does nothing, so a stream of events costs one wake-up and not one each.
 */
export class Bell {
  /**
   * @param words {@link BELL_WORDS} words of shared memory, zero at first
   * @param waker wakes the sleeper where it does not sleep in {@link slept}
   */
  constructor(private readonly words: Int32Array<SharedArrayBuffer>, private readonly waker?: Waker) {}

  /** There is work. Callable from any worker, under any lock: it does not block. */
  ring(): void {
    if (Atomics.exchange(this.words, ARMED, 0) === 0) return;
    Atomics.add(this.words, RUNG, 1);
    if (this.waker === undefined) Atomics.notify(this.words, RUNG);
    else this.waker();
  }

  /** From now on the next ring wakes. Look for work once more before you sleep. */
  arm(): void {
    Atomics.store(this.words, ARMED, 1);
  }

  /** Arms; then, unless `ready()` says that there is work already, resolves at the next ring. */
  async slept(ready: () => boolean): Promise<void> {
    const rung = Atomics.load(this.words, RUNG);
    this.arm();
    if (ready()) return;
    const wait = Atomics.waitAsync(this.words, RUNG, rung);
    if (wait.async) await wait.value;
  }
}
