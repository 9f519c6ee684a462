/**
 * Waiting for several file descriptors at once: poll(2).
 *
 * @module
 */

import { ERRNO } from "./errno.ts";
import { i16, i32, struct, type View } from "./layout.ts";
import { check, libc } from "./libc.ts";

/** `poll.h` */
export const pollfd = struct("pollfd", { fd: i32, events: i16, revents: i16 });

/** What to wait for, and what came; the last three come unasked. `asm-generic/poll.h` */
export const POLL = { IN: 1, OUT: 4, ERR: 8, HUP: 0x10, NVAL: 0x20 } as const;

/** Descriptors that a set has room for. */
const SET_CAPACITY = 64;

/**
 * A set of descriptors with what to wait for, filled anew before each wait: for a dozen of them whose interests change
 * with nearly every event, one call with the whole set costs less than epoll's call for each change.
 *
 * It allocates nothing after its construction.
 */
export class PollSet {
  readonly #memory = new ArrayBuffer(SET_CAPACITY * pollfd.size);
  readonly #bytes = new Uint8Array(this.#memory);
  readonly #entries: readonly View<typeof pollfd>[] = Array.from(
    { length: SET_CAPACITY },
    (_, index) => pollfd.at(this.#memory, index * pollfd.size),
  );
  #count = 0;
  #timeoutMs = -1;

  /** Forgets everything. */
  clear(): void {
    this.#count = 0;
    this.#timeoutMs = -1;
  }

  /** Waits for `events` of `fd`; with none of them, for {@link POLL}.HUP and ERR. Throws RangeError when full. */
  add(fd: number, events: number): void {
    const entry = this.#entries[this.#count];
    if (entry === undefined) throw new RangeError(`more than ${SET_CAPACITY} descriptors to poll`);
    this.#count++;
    entry.fd = fd;
    entry.events = events;
    entry.revents = 0;
  }

  /** Waits no longer than that. */
  atMost(ms: number): void {
    this.#timeoutMs = this.#timeoutMs < 0 ? ms : Math.min(this.#timeoutMs, ms);
  }

  /** Sleeps until something came, the time is over, or a signal interrupted. Throws KernelError. */
  wait(): void {
    const c = libc();
    const result = c.poll(this.#bytes, BigInt(this.#count), this.#timeoutMs);
    if (result < 0 && c.errno() !== ERRNO.EINTR) check(result, "poll");
  }

  /** What came for `fd`; 0 if nothing, or if it is not in the set. */
  events(fd: number): number {
    for (let i = 0; i < this.#count; i++) {
      const entry = this.#entries[i]!;
      if (entry.fd === fd) return entry.revents;
    }
    return 0;
  }
}
