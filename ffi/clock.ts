/**
 * The kernel's clocks. Unlike `performance.now()`, whose origin differs from worker to worker, they agree everywhere.
 *
 * @module
 */

import { i64, struct } from "./layout.ts";
import { libc } from "./libc.ts";

/** Clock ids of clock_gettime(2), `include/uapi/linux/time.h`. */
export const CLOCK = { REALTIME: 0, MONOTONIC: 1 } as const;

/** What clock_gettime(2) fills. */
export const timespec = struct("timespec", { tv_sec: i64, tv_nsec: i64 });

/** Reads clocks without allocating; one for each isolate. */
export class KernelClock {
  readonly #libc = libc();
  readonly #time = timespec.create();
  readonly #bytes = this.#time.$bytes;

  /** Milliseconds since 1970 UTC. */
  wallMs(): number {
    return this.#read(CLOCK.REALTIME);
  }

  /** Milliseconds since some moment, never stepping back. */
  monotonicMs(): number {
    return this.#read(CLOCK.MONOTONIC);
  }

  #read(clock: number): number {
    this.#libc.clock_gettime(clock, this.#bytes);
    return this.#time.tv_sec_num * 1000 + this.#time.tv_nsec_lo / 1e6; // nanoseconds stay below 2^30
  }
}
