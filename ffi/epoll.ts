/**
 * Waiting for many file descriptors whose interest does not change: epoll(7), edge-triggered.
 *
 * @module
 */

import { ERRNO } from "./errno.ts";
import { OwnedFd } from "./fd.ts";
import { i32, packed, u32, u64, union } from "./layout.ts";
import { check, libc } from "./libc.ts";

const SYMBOLS = {
  epoll_create1: { parameters: ["i32" /* int flags */], result: "i32" },
  epoll_ctl: {
    parameters: [
      "i32",
      /* int epfd */ "i32",
      /* int op */ "i32",
      /* int fd */ "buffer", /* struct epoll_event * */
    ],
    result: "i32",
  },
  epoll_wait: {
    parameters: [
      "i32",
      /* int epfd */ "buffer",
      /* struct epoll_event * */ "i32",
      /* maxevents */ "i32", /* ms */
    ],
    result: "i32",
  },
} as const satisfies Deno.ForeignLibraryInterface;

type Symbols = Deno.StaticForeignLibraryInterface<typeof SYMBOLS>;

let opened: Symbols | undefined; // a cache, as libc's: few isolates wait for many descriptors

function calls(): Symbols {
  return opened ??= Deno.dlopen("libc.so.6", SYMBOLS).symbols;
}

/** What comes back with an event: ours is a token in the low word. */
export const epoll_data = union("epoll_data", { fd: i32, u32, u64 });
/** `struct epoll_event` of `sys/epoll.h`, packed on x86-64. */
export const epoll_event = packed("epoll_event", { events: u32, data: epoll_data });

/** Events, and ET: tell of changes, not of states. */
export const EPOLL = { IN: 1, OUT: 4, ERR: 8, HUP: 0x10, RDHUP: 0x2000, ET: 0x8000_0000 } as const;
/** Close on exec. */
export const EPOLL_CLOEXEC = 0o2000000;
/** What epoll_ctl does. */
export const EPOLL_CTL = { ADD: 1, DEL: 2 } as const;

/** Events that one wait can bring. */
const WAIT_CAPACITY = 64;

/**
 * A set of descriptors with a token each.
 *
 * Edge-triggered: a wait reports what has changed since the last one. An eventfd need not be read then: every signal is a
 * new edge. It allocates nothing after its construction.
 */
export class Epoll implements Disposable {
  readonly #fd = new OwnedFd(check(calls().epoll_create1(EPOLL_CLOEXEC), "epoll_create1"));
  readonly #events = new Uint8Array(WAIT_CAPACITY * epoll_event.size);
  readonly #view = new DataView(this.#events.buffer);
  readonly #calls = calls();
  readonly #libc = libc();

  /** Adds a descriptor, to be reported with `token` (below 2^32) on `events`. Throws KernelError. */
  add(fd: number, token: number, events: number = EPOLL.IN): void {
    const event = epoll_event.create();
    event.events = (events | EPOLL.ET) >>> 0;
    event.data.u32 = token;
    check(this.#calls.epoll_ctl(this.#fd.number, EPOLL_CTL.ADD, fd, event.$bytes), `epoll_ctl add ${fd}`);
  }

  /** Takes a descriptor out again; none that is not in. */
  remove(fd: number): void {
    this.#calls.epoll_ctl(this.#fd.number, EPOLL_CTL.DEL, fd, new Uint8Array(epoll_event.size));
  }

  /**
   * Waits, at most so many milliseconds (−1: for ever).
   *
   * @returns how many events there are for {@link token} and {@link events}; 0 also for a signal
   */
  wait(timeoutMs: number): number {
    const count = this.#calls.epoll_wait(this.#fd.number, this.#events, WAIT_CAPACITY, timeoutMs);
    if (count >= 0) return count;
    return check(this.#libc.errno() === ERRNO.EINTR ? 0 : -1, "epoll_wait");
  }

  /** Token of the n-th event of the last wait. */
  token(n: number): number {
    return this.#view.getUint32(n * epoll_event.size + 4, true);
  }

  /** What happened there: {@link EPOLL} bits. */
  events(n: number): number {
    return this.#view.getUint32(n * epoll_event.size, true);
  }

  /** Closes the set; the descriptors in it stay open. */
  [Symbol.dispose](): void {
    this.#fd[Symbol.dispose]();
  }
}
