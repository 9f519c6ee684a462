/**
 * How a machine's life ends.
 *
 * @module
 */

/**
 * Why a machine stopped. What ends a machine by a fault of the guest or of the host is an error instead.
 *
 * | reason | what happened |
 * |---|---|
 * | `poweroff` | the guest powered itself off |
 * | `reset` | the guest asked for a reset: a reboot |
 * | `panic` | the guest's kernel panicked and said so through pvpanic |
 * | `triple-fault` | the guest's processor shut down; some kernels reboot that way |
 * | `debug-exit` | the guest wrote to isa-debug-exit; `code` is its exit status |
 * | `stopped` | the host stopped it |
 */
export interface Outcome {
  /** Why. */
  readonly reason: "poweroff" | "reset" | "panic" | "triple-fault" | "debug-exit" | "stopped";
  /** Of a `debug-exit`: `(value << 1) | 1`, 8 bits, as in QEMU. */
  readonly code?: number;
}
