/**
 * A signal that does nothing but interrupt a system call: how a vCPU is brought out of KVM_RUN.
 *
 * No handler can be compiled here and a JavaScript callback must not run inside a signal. libc's own `abs` is the
 * handler: called with the signal's number, it returns a number that nobody reads.
 *
 * @module
 */

import { array, i32, pointer, struct, u64 } from "./layout.ts";
import { check, cString, libc } from "./libc.ts";

/** SIGRTMIN + 6: neither glibc (32, 33) nor Deno uses it. */
export const KICK_SIGNAL = 40;

/** `struct sigaction` as glibc has it (`bits/sigaction.h`); not the kernel's, whose fields have another order. */
export const sigaction = struct("sigaction", {
  sa_handler: pointer,
  sa_mask: array(u64, 16),
  sa_flags: i32,
  sa_restorer: pointer,
});

/** Makes {@link KICK_SIGNAL} interrupt system calls of this process with EINTR. Doing it twice is harmless. */
export function installKickSignal(): void {
  const c = libc();
  const handler = c.dlsym(null, cString("abs"));
  if (handler === null) throw new Error("libc has no abs(): no handler for the kick signal");
  const action = sigaction.create();
  action.sa_handler = BigInt(Deno.UnsafePointer.value(handler));
  action.sa_flags = 0; // no SA_RESTART, so KVM_RUN returns EINTR
  check(c.sigaction(KICK_SIGNAL, action.$bytes, null), "sigaction");
}

/** SIG_UNBLOCK, `asm-generic/signal-defs.h`. */
export const SIG_UNBLOCK = 1;

/** Lets the kick signal through to the calling thread: a parent that blocked it would have passed that on. */
export function unblockKickSignal(): void {
  const set = new Uint8Array(sigaction.fields.sa_mask.size); // a sigset_t, as in struct sigaction
  set[(KICK_SIGNAL - 1) >> 3] = 1 << ((KICK_SIGNAL - 1) & 7);
  libc().pthread_sigmask(SIG_UNBLOCK, set, null);
}

/** Sends the kick signal to one thread of this process. A thread that has ended is no error. */
export function kickThread(tid: number): void {
  const c = libc();
  c.tgkill(c.getpid(), tid, KICK_SIGNAL);
}
