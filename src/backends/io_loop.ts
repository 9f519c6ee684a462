/**
 * The I/O worker's loop: sleeps in poll(2) until something can be moved, and moves it.
 *
 * @module
 */

import { clearEventFd } from "../../ffi/eventfd.ts";
import { POLL, PollSet } from "../../ffi/poll.ts";
import type { IoControl } from "./io_control.ts";

/** After it moved something, a source is looked at again this soon (ms), before its guest has to wake anybody. */
const COLLECT_MS = 1;
/** How often a reader is looked after at the end (ms). */
const LOOK_MS = 5;

/** Something that the loop serves. */
export interface IoSource {
  /** Moves what can be moved now, a limited amount. True if that was anything. */
  pump(): boolean;
  /** From now on the guest's side wakes the loop. False if there is something to pump already. */
  rest(): boolean;
  /** Says which descriptors to wait for. */
  watch(set: PollSet): void;
  /** Looks at what came for them. */
  attend(set: PollSet): void;
  /** Bytes of output that have not reached whoever is to have them. */
  readonly left: number;
}

/**
 * Serves `sources` until the owner wants the end and everything is delivered.
 *
 * @param wakeFd eventfd by which guests' sides and the owner wake the loop
 * @param nowMs a clock that never steps back
 * @returns bytes that nobody took in the time that the owner allows
 */
export function runIoLoop(
  sources: readonly IoSource[],
  wakeFd: number,
  control: IoControl,
  nowMs: () => number,
): number {
  const set = new PollSet();
  let lingerMs: number | undefined;
  while ((lingerMs = control.lingerMs) === undefined) {
    let busy = pumpAll(sources);
    if (!busy) { for (const source of sources) if (!source.rest()) busy = true; }
    poll(set, sources, wakeFd, busy ? COLLECT_MS : -1);
  }
  return deliver(set, sources, wakeFd, lingerMs, nowMs);
}

/** A reader who takes a byte now and then cannot hold up the end for longer than so many times the linger time. */
const MOST_LINGERS = 20;

/** The guest runs no more. Waits for readers as long as they go on reading. */
function deliver(
  set: PollSet,
  sources: readonly IoSource[],
  wakeFd: number,
  lingerMs: number,
  nowMs: () => number,
): number {
  let least = Infinity, progressAt = nowMs();
  const latest = progressAt + MOST_LINGERS * lingerMs;
  for (;;) {
    while (pumpAll(sources));
    const left = sources.reduce((sum, source) => sum + source.left, 0);
    if (left === 0) return 0;
    const now = nowMs();
    if (left < least) {
      least = left;
      progressAt = now;
    } else if (now - progressAt >= lingerMs) {
      return left;
    }
    if (now >= latest) return left;
    poll(set, sources, wakeFd, LOOK_MS);
  }
}

function pumpAll(sources: readonly IoSource[]): boolean {
  let any = false;
  for (const source of sources) any = source.pump() || any;
  return any;
}

function poll(set: PollSet, sources: readonly IoSource[], wakeFd: number, timeoutMs: number): void {
  set.clear();
  set.add(wakeFd, POLL.IN);
  if (timeoutMs >= 0) set.atMost(timeoutMs);
  for (const source of sources) source.watch(set);
  set.wait();
  if (set.events(wakeFd) !== 0) clearEventFd(wakeFd);
  for (const source of sources) source.attend(set);
}
