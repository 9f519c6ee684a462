/**
 * The shared memory between a character device and the far end of its wire.
 *
 * @module
 */

import type { Arena } from "../state/arena.ts";
import { Bell, BELL_WORDS, type Waker } from "../state/bell.ts";
import { ByteRing } from "../state/ring.ts";

/** Room for output until its consumer runs; then the guest waits. */
const TRANSMIT_CAPACITY = 16 * 1024;
/** Room for input that the guest has not taken. */
const RECEIVE_CAPACITY = 4 * 1024;

/** Shared memory that a link takes, with its alignment. */
export const LINK_BYTES = ByteRing.bytes(TRANSMIT_CAPACITY) + ByteRing.bytes(RECEIVE_CAPACITY) +
  4 * BELL_WORDS + 192;

/**
 * Two byte queues and a bell. The device fills `transmit` and empties `receive` under its lock; the far end, one
 * isolate, does the opposite. The bell wakes the far end: there is output, or room for input.
 */
export interface CharLink {
  readonly transmit: ByteRing;
  readonly receive: ByteRing;
  readonly bell: Bell;
}

/** Takes the next place of `scratch`. `waker` wakes a far end that does not sleep on shared memory. */
export function placeLink(scratch: Arena, waker?: Waker): CharLink {
  return {
    transmit: placeOutput(scratch),
    receive: placeRing(scratch, RECEIVE_CAPACITY),
    bell: new Bell(scratch.words(BELL_WORDS), waker),
  };
}

/** The queue alone, for a device that only prints, and rings another's bell. Takes less than a link. */
export function placeOutput(scratch: Arena): ByteRing {
  return placeRing(scratch, TRANSMIT_CAPACITY);
}

function placeRing(scratch: Arena, capacity: number): ByteRing {
  return new ByteRing(scratch.buffer, scratch.reserve(ByteRing.bytes(capacity), 64), capacity);
}
