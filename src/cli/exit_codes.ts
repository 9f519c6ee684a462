/**
 * The command's exit codes: what a script can learn of a run.
 *
 * @module
 */

/** Exit codes by meaning. */
export const EXIT = {
  /** The guest powered off, or the user ended it; any other command did its work. */
  OK: 0,
  /** The guest could not go on, or Denovisor has a bug. */
  FAILED: 1,
  /** A flag, a configuration or a file is wrong, or Deno was not given a permission. Nothing was started. */
  USAGE: 2,
  /** The host lacks something: no `/dev/kvm`, no permission for it, no memory, a missing tool. */
  HOST: 3,
  REBOOTED: 10,
  PANICKED: 11,
  TRIPLE_FAULT: 12,
  /** The lab itself failed, as opposed to the command in it. */
  LAB: 125,
  /** Plus the number of the signal that ended the command, as a shell has it. */
  SIGNAL: 128,
} as const;

/** The codes as `--help` tells them. */
export const EXIT_CODE_HELP: readonly (readonly [code: string, meaning: string])[] = [
  ["0", "the guest powered off, or you ended it by Ctrl-A x"],
  ["1", "the guest could not go on, or an internal error"],
  ["2", "bad usage: a flag, a configuration, a file; or a permission that Deno was not given"],
  ["3", "the host lacks something (denovisor doctor tells more)"],
  ["10", "the guest rebooted"],
  ["11", "the guest panicked"],
  ["12", "the guest triple-faulted"],
  ["125", "the lab itself failed"],
  ["128+n", "ended by signal n: 129 hangup, 130 interrupt, 141 closed pipe, 143 termination"],
  ["others", "lab: the command's own; with --debug-exit: the guest's own, value×2+1"],
];

/** Numbers of the signals that end the command (signal(7), x86). */
export const SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;
/** Nobody reads standard output any more. */
export const SIGPIPE = 13;

/** How a guest ended, as far as an exit code tells. */
export interface Ending {
  readonly reason: "poweroff" | "reset" | "panic" | "debug-exit" | "triple-fault" | "stopped";
  /** The status of isa-debug-exit. */
  readonly code?: number;
}

/** The exit code for the end of a guest. */
export function endingExitCode({ reason, code = 1 }: Ending): number {
  switch (reason) {
    case "poweroff":
    case "stopped":
      return EXIT.OK;
    case "reset":
      return EXIT.REBOOTED;
    case "panic":
      return EXIT.PANICKED;
    case "triple-fault":
      return EXIT.TRIPLE_FAULT;
    case "debug-exit":
      return code & 0xff;
  }
}
