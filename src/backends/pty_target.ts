/**
 * The serial target `pty`: a pseudo-terminal that a terminal program opens.
 *
 * @module
 */

import { KernelClock } from "../../ffi/clock.ts";
import { ERRNO, KernelError } from "../../ffi/errno.ts";
import { libc } from "../../ffi/libc.ts";
import { POLL, type PollSet } from "../../ffi/poll.ts";
import { discardUnread, openPty, unreadBytes } from "../../ffi/pty.ts";
import { HostError } from "../errors.ts";
import type { FarEnd } from "./far_end.ts";
import type { OpenTarget } from "./open_target.ts";

/** How long output waits for a reader before it is taken that there is none (ms). */
const PATIENCE_MS = 200;
/** The same once there was none, so that the guest is hardly slowed (ms). */
const IMPATIENCE_MS = 2;
/** More than the kernel keeps for a reader (some 13 KiB): when it has taken that, somebody reads. */
const READER_PROOF = 32 * 1024;

/** Makes a pseudo-terminal. Throws HostError where the host has none (left). */
export function openTerminal(field: string): OpenTarget {
  try {
    const pty = openPty();
    return {
      orders: { kind: "pty", master: pty.master.number, slave: pty.slave.number },
      path: pty.path,
      close: () => pty[Symbol.dispose](),
    };
  } catch (cause) {
    if (!(cause instanceof KernelError)) throw cause;
    throw new HostError(`${field}: this host gives no pseudo-terminal: ${cause.message}`, {
      field,
      hint:
        "It needs devpts at /dev/pts, and fewer terminals than /proc/sys/kernel/pty/max. Or use unix:PATH.",
      cause,
    });
  }
}

/**
 * Serves whoever has the terminal open. While a reader is slow, the guest waits, but not for long: nobody can tell a
 * slow reader from none, so in the end everything unread is discarded and newer output takes its place.
 */
export class PtyEnd implements FarEnd {
  #readable = false;
  #patienceMs = PATIENCE_MS;
  /** Since when the terminal has taken nothing; −1 while it does. */
  #stalledAt = -1;
  #sinceDiscarded = 0;

  /** @param nowMs a clock that never steps back */
  constructor(
    private readonly master: number,
    private readonly slave: number,
    private readonly nowMs: () => number = monotonicMs(),
  ) {}

  write(bytes: Uint8Array<ArrayBuffer>): number {
    let done = this.#write(bytes);
    if (done === 0 && this.#stalledAt >= 0 && this.nowMs() - this.#stalledAt >= this.#patienceMs) {
      discardUnread(this.master, this.slave);
      this.#patienceMs = IMPATIENCE_MS;
      this.#sinceDiscarded = 0;
      done = this.#write(bytes);
    }
    if (done > 0) this.#stalledAt = -1;
    else if (this.#stalledAt < 0) this.#stalledAt = this.nowMs();
    return done;
  }

  read(into: Uint8Array<ArrayBuffer>): number {
    if (!this.#readable) return 0;
    this.#readable = false;
    return Math.max(0, libc().read(this.master, into, BigInt(into.length)));
  }

  watch(set: PollSet, blocked: boolean, room: boolean): void {
    const events = (room ? POLL.IN : 0) | (blocked ? POLL.OUT : 0);
    if (events !== 0) set.add(this.master, events);
    if (blocked) set.atMost(this.#patienceMs);
  }

  attend(set: PollSet): void {
    this.#readable = (set.events(this.master) & POLL.IN) !== 0;
  }

  /** Closing the master takes from readers what they have not read. */
  get unread(): number {
    if (this.#sinceDiscarded === 0 || this.#patienceMs === IMPATIENCE_MS) return 0; // nothing, or nobody
    return unreadBytes(this.slave);
  }

  [Symbol.dispose](): void {}

  #write(bytes: Uint8Array<ArrayBuffer>): number {
    const c = libc();
    const written = c.write(this.master, bytes, BigInt(bytes.length));
    if (written < 0) {
      const errno = c.errno();
      if (errno === ERRNO.EAGAIN || errno === ERRNO.EINTR) return 0;
      throw new KernelError("write to a pseudo-terminal", errno);
    }
    this.#sinceDiscarded += written;
    if (this.#sinceDiscarded > READER_PROOF) this.#patienceMs = PATIENCE_MS;
    return written;
  }
}

function monotonicMs(): () => number {
  const clock = new KernelClock();
  return () => clock.monotonicMs();
}
