/**
 * A limit in time for system calls of this thread, KVM_RUN above all: without another thread, so it costs microseconds.
 *
 * @module
 */

import { i32, struct, u64 } from "../../../ffi/layout.ts";
import { check, libc } from "../../../ffi/libc.ts";
import { installKickSignal, KICK_SIGNAL } from "../../../ffi/signal.ts";

/**
 * System calls by number (`asm/unistd_64.h`), as glibc before 2.34 keeps their wrappers in another library (librt).
 */
const SYS = { timer_create: 222, timer_settime: 223, timer_delete: 226 } as const;
/** CLOCK_MONOTONIC, `linux/time.h`. */
const CLOCK_MONOTONIC = 1;
/** SIGEV_THREAD_ID, `asm-generic/siginfo.h`: the signal goes to one thread, the one that is to be interrupted. */
const SIGEV_THREAD_ID = 4;

/** `struct sigevent`, `asm-generic/siginfo.h`; its last field is the member `_tid` of a union of 48 bytes. */
const sigevent = struct("sigevent", {
  sigev_value: u64,
  sigev_signo: i32,
  sigev_notify: i32,
  tid: i32,
  padding: struct("sigevent_padding", { a: i32, b: u64, c: u64, d: u64, e: u64 }),
});
/** `struct itimerspec`, `linux/time.h`. */
const itimerspec = struct("itimerspec", {
  interval_sec: u64,
  interval_nsec: u64,
  value_sec: u64,
  value_nsec: u64,
});

/** After the time is up, a call that begins even later is interrupted within this time. */
const REPEAT_MS = 10;

/**
 * While it is armed, and once its time is up, blocking system calls of this thread end with EINTR.
 *
 * The signal comes again every 10 ms, so one that lands just before a system call loses nothing.
 */
export class Deadline implements Disposable {
  readonly #timer: number;
  readonly #syscall = openSyscall();

  /** Makes the timer, not yet armed. It belongs to the calling thread. */
  constructor() {
    installKickSignal();
    const event = sigevent.create();
    event.sigev_signo = KICK_SIGNAL;
    event.sigev_notify = SIGEV_THREAD_ID;
    event.tid = libc().gettid();
    const id = new Int32Array(1);
    this.#call(SYS.timer_create, "timer_create", CLOCK_MONOTONIC, event.$bytes, new Uint8Array(id.buffer));
    this.#timer = id[0]!;
  }

  /** Does something with at most so much time for its system calls: afterwards they end with EINTR. */
  within<T>(milliseconds: number, work: () => T): T {
    this.#set(milliseconds, REPEAT_MS);
    try {
      return work();
    } finally {
      this.#set(0, 0);
    }
  }

  /** Frees the timer. */
  [Symbol.dispose](): void {
    this.#call(SYS.timer_delete, "timer_delete", this.#timer, null, null);
  }

  /** A first expiry of 0 disarms (timer_settime(2)). */
  #set(firstMs: number, repeatMs: number): void {
    const times = itimerspec.create();
    times.value_sec_num = Math.floor(firstMs / 1000);
    times.value_nsec_num = Math.round((firstMs % 1000) * 1e6);
    times.interval_nsec_num = repeatMs * 1e6;
    this.#call(SYS.timer_settime, "timer_settime", this.#timer, null, times.$bytes);
  }

  #call(number: number, name: string, first: number, second: Buffer, third: Buffer): void {
    // timer_settime takes flags second and the old value fourth: the first null is flags 0, the last no old value.
    check(this.#syscall(BigInt(number), BigInt(first), second, third, null), name);
  }
}

type Buffer = Uint8Array<ArrayBuffer> | null;

function openSyscall() {
  return Deno.dlopen("libc.so.6", {
    syscall: {
      parameters: ["i64", /* long number */ "i64", "buffer", "buffer", "buffer" /* arguments */],
      result: "i32",
    },
  }).symbols.syscall;
}
