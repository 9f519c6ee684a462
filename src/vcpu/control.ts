/**
 * The words by which a machine's owner and its vCPU workers speak, in shared memory.
 *
 * A worker blocked in KVM_RUN hears no message: the owner writes what it wants here and kicks (see `kick.ts`).
 *
 * @module
 */

import type { Arena } from "../state/arena.ts";

/** What the owner wants of a vCPU. END is for good. */
export const WANT = { RUN: 0, PARK: 1, END: 2 } as const;

/** What a vCPU's worker does. */
export const DOING = {
  /** Its isolate is loading, or waits for its orders: it has touched nothing of the machine yet. */
  STARTING: 0,
  /** It sets its vCPU up, and will look at its orders before the guest runs. */
  PREPARING: 1,
  RUNNING: 2,
  /** Between exits, with the last one completed: its registers are what the guest would see. */
  PARKED: 3,
  /** It left its loop for good. */
  ENDED: 4,
} as const;

/** Exit reasons are counted up to this one; rarer ones share the last counter. */
const EXIT_COUNTERS = 48;

const WORD = { WANT: 0, DOING: 1, TID: 2, TRACES: 3 } as const;
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

  /** Tells the vCPU; it needs a kick too if it may be in KVM_RUN. Does nothing once the order was END. */
  set want(want: number) {
    let was = this.want;
    while (was !== WANT.END && was !== want) {
      was = Atomics.compareExchange(this.#words, WORD.WANT, was, want) === was ? want : this.want;
    }
    Atomics.notify(this.#words, WORD.WANT);
  }

  /** What the vCPU does. */
  get doing(): number {
    return Atomics.load(this.#words, WORD.DOING);
  }

  set doing(doing: number) {
    Atomics.store(this.#words, WORD.DOING, doing);
    Atomics.notify(this.#words, WORD.DOING);
  }

  /** The worker begins, before it touches anything of the machine. False if the owner has given it up. */
  begin(): boolean {
    return this.#change(DOING.STARTING, DOING.PREPARING);
  }

  /** The owner gives up a worker that has not begun, and now never will. False if it has. */
  giveUp(): boolean {
    return this.#change(DOING.STARTING, DOING.ENDED);
  }

  /**
   * The owner lets the vCPU go. Until it has noticed, its worker still says PARKED, also to an owner who by then wants
   * it parked again: no harm, as `immediate_exit` was set with that order, so the guest does not get to run in between.
   */
  letGo(): void {
    this.want = WANT.RUN;
    Atomics.notify(this.#words, WORD.DOING); // whoever waits for it to park need not any more
  }

  /** Thread id of the worker, 0 before it runs. */
  get tid(): number {
    return Atomics.load(this.#words, WORD.TID);
  }

  set tid(tid: number) {
    Atomics.store(this.#words, WORD.TID, tid);
  }

  /** Batches of traced exits that the owner has not handed on yet. */
  get tracesUnderWay(): number {
    return Atomics.load(this.#words, WORD.TRACES);
  }

  /** The worker sends a batch: 1. The owner has handed one on: −1. */
  countTraces(by: 1 | -1): void {
    Atomics.add(this.#words, WORD.TRACES, by);
  }

  /** Counts one exit. */
  count(reason: number): void {
    const index = reason < EXIT_COUNTERS ? reason : EXIT_COUNTERS - 1;
    this.exits[index] = this.exits[index]! + 1;
  }

  /** Blocks this worker for as long as `want` is `value`, or for so many ms. */
  sleepWhileWanted(value: number, milliseconds?: number): void {
    Atomics.wait(this.#words, WORD.WANT, value, milliseconds);
  }

  /** Resolves when `doing` is no longer `value`, or when it is worth looking again. Does not block. */
  async changeFrom(value: number): Promise<void> {
    const wait = Atomics.waitAsync(this.#words, WORD.DOING, value);
    if (wait.async) await wait.value;
  }

  #change(from: number, to: number): boolean {
    if (Atomics.compareExchange(this.#words, WORD.DOING, from, to) !== from) return false;
    Atomics.notify(this.#words, WORD.DOING);
    return true;
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

/** The ending's number is in the low bits of its word, its detail above them. */
const DETAIL_SHIFT = 8;

/** How the machine as a whole ends: the first reason wins. */
export class MachineControl {
  /**
   * Word 0: the ending and its detail, in one, so that nobody ever sees one ender's with another's. Word 1: a crash
   * kernel was announced.
   */
  readonly #words: Int32Array<SharedArrayBuffer>;

  constructor(scratch: Arena) {
    this.#words = scratch.words(2);
  }

  /** True for the first caller only: what a guest can cause at will is told once, or its telling would be an attack. */
  firstCrash(): boolean {
    return Atomics.exchange(this.#words, 1, 1) === 0;
  }

  /** Ends the machine, unless somebody did already. Callable from any worker. `detail`: 24 bits are kept. */
  end(ending: Ending, detail = 0): void {
    Atomics.compareExchange(this.#words, 0, 0, ENDING.indexOf(ending) | detail << DETAIL_SHIFT);
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
    const word = Atomics.load(this.#words, 0);
    return { ending: ENDING[word & (1 << DETAIL_SHIFT) - 1] as Ending, detail: word >>> DETAIL_SHIFT };
  }
}
