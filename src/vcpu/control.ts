/**
 * The words by which a machine's owner and its vCPU workers speak, in shared memory.
 *
 * A worker blocked in KVM_RUN hears no message: the owner writes what it wants here and kicks (see `kick.ts`).
 *
 * @module
 */

import type { Arena } from "../state/arena.ts";

/** What the owner wants of a vCPU. */
export const WANT = { RUN: 0, PARK: 1, END: 2 } as const;

/** What a vCPU's worker does. */
export const DOING = {
  /** Its isolate is loading, or it waits for its orders. */
  STARTING: 0,
  RUNNING: 1,
  /** Between exits, with the last one completed: its registers are what the guest would see. */
  PARKED: 2,
  /** It left its loop for good. */
  ENDED: 3,
} as const;

/** Exit reasons are counted up to this one; rarer ones share the last counter. */
const EXIT_COUNTERS = 48;

const WORD = { WANT: 0, DOING: 1, TID: 2 } as const;
const WORDS = 4;

/** Shared memory that one vCPU's words take. */
export const VCPU_CONTROL_BYTES = 4 * WORDS + 8 * EXIT_COUNTERS;

/** One vCPU's words. */
export class VcpuControl {
  readonly #words: Int32Array<SharedArrayBuffer>;
  /** Exits by reason, written by the vCPU alone. */
  readonly exits: Float64Array<SharedArrayBuffer>;

  /** Takes the next place of `scratch`, the block of shared state that no snapshot saves. */
  constructor(scratch: Arena) {
    this.#words = scratch.words(WORDS);
    this.exits = new Float64Array(scratch.buffer, scratch.reserve(8 * EXIT_COUNTERS), EXIT_COUNTERS);
  }

  /** What the owner wants; read before every KVM_RUN. */
  get want(): number {
    return Atomics.load(this.#words, WORD.WANT);
  }

  /** Tells the vCPU; it needs a kick too if it may be in KVM_RUN. */
  set want(want: number) {
    Atomics.store(this.#words, WORD.WANT, want);
    Atomics.notify(this.#words, WORD.WANT);
  }

  /** The vCPU itself wants to stop here until its owner decides; an order that came first stands. */
  parkSelf(): void {
    Atomics.compareExchange(this.#words, WORD.WANT, WANT.RUN, WANT.PARK);
  }

  /** What the vCPU does. */
  get doing(): number {
    return Atomics.load(this.#words, WORD.DOING);
  }

  set doing(doing: number) {
    Atomics.store(this.#words, WORD.DOING, doing);
    Atomics.notify(this.#words, WORD.DOING);
  }

  /** Thread id of the worker, 0 before it runs. */
  get tid(): number {
    return Atomics.load(this.#words, WORD.TID);
  }

  set tid(tid: number) {
    Atomics.store(this.#words, WORD.TID, tid);
  }

  /** Counts one exit. */
  count(reason: number): void {
    const index = reason < EXIT_COUNTERS ? reason : EXIT_COUNTERS - 1;
    this.exits[index] = this.exits[index]! + 1;
  }

  /** Blocks this worker for as long as `want` is `value`. */
  sleepWhileWanted(value: number): void {
    Atomics.wait(this.#words, WORD.WANT, value);
  }

  /** Resolves as soon as `doing` is no longer `value`. Does not block. */
  async changedFrom(value: number): Promise<void> {
    while (this.doing === value) {
      const wait = Atomics.waitAsync(this.#words, WORD.DOING, value);
      if (wait.async) await wait.value;
    }
  }
}

/** Why a machine ended, as the number in shared memory; 0 is "it has not". */
export const ENDING = [
  "",
  "poweroff",
  "reset",
  "panic",
  "debug-exit",
  "triple-fault",
  "fault",
  "stopped",
] as const;
export type Ending = Exclude<(typeof ENDING)[number], "">;

/** How the machine as a whole ends: the first reason wins. */
export class MachineControl {
  readonly #words: Int32Array<SharedArrayBuffer>;

  constructor(scratch: Arena) {
    this.#words = scratch.words(2);
  }

  /** Ends the machine, unless somebody did already. Callable from any worker. */
  end(ending: Ending, detail = 0): void {
    // The detail is stored first, so that whoever sees the ending sees it too; only the winner's counts, and two
    // enders in one instant differ at most in the detail of the same kind of ending.
    if (Atomics.load(this.#words, 0) !== 0) return;
    Atomics.store(this.#words, 1, detail);
    Atomics.compareExchange(this.#words, 0, 0, ENDING.indexOf(ending));
    Atomics.notify(this.#words, 0);
  }

  /** True once somebody ended it. */
  get ended(): boolean {
    return Atomics.load(this.#words, 0) !== 0;
  }

  /** Resolves with the ending, and its detail. */
  async ending(): Promise<{ ending: Ending; detail: number }> {
    while (!this.ended) {
      const wait = Atomics.waitAsync(this.#words, 0, 0);
      if (wait.async) await wait.value;
    }
    const ending = ENDING[Atomics.load(this.#words, 0)] as Ending;
    return { ending, detail: Atomics.load(this.#words, 1) };
  }
}
