/**
 * The kernel's clocks. Unlike `performance.now()`, whose origin differs from worker to worker, they agree everywhere.
 *
 * @module
 */

import { libc } from "./libc.ts";

/** Clock ids of clock_gettime(2), `include/uapi/linux/time.h`. */
const CLOCK_REALTIME = 0;
const CLOCK_MONOTONIC = 1;

/** Reads clocks without allocating; one for each isolate. */
export class KernelClock {
  readonly #libc = libc();
  /** struct timespec: seconds and nanoseconds, 64 bits each; the low halves of both suffice beside seconds' high. */
  readonly #timespec = new Uint32Array(new ArrayBuffer(16));
  readonly #bytes = new Uint8Array(this.#timespec.buffer);

  /** Milliseconds since 1970 UTC. */
  wallMs(): number {
    return this.#read(CLOCK_REALTIME);
  }

  /** Milliseconds since some moment, never stepping back. */
  monotonicMs(): number {
    return this.#read(CLOCK_MONOTONIC);
  }

  #read(clock: number): number {
    this.#libc.clock_gettime(clock, this.#bytes);
    const t = this.#timespec;
    return (t[1]! * 0x1_0000_0000 + t[0]!) * 1000 + t[2]! / 1e6;
  }
}
