/**
 * How the end of a run is told.
 *
 * @module
 */

import { endingExitCode, EXIT } from "./exit_codes.ts";
import { tell } from "./output.ts";
import type { AttendedEnd } from "./terminal/attend.ts";

const SENTENCES = {
  "poweroff": "the guest powered off",
  "stopped": "the guest was ended",
  "reset": "the guest rebooted",
  "panic": "the guest panicked",
  "triple-fault": "the guest triple-faulted",
  "debug-exit": "the guest ended by isa-debug-exit",
} as const;

/** Tells how a run ended and returns its exit code. An ordinary end is told only to a person or a program that asks. */
export function reportEnd(end: AttendedEnd, { json, person }: { json: boolean; person: boolean }): number {
  if ("signal" in end) {
    const exitCode = EXIT.SIGNAL + end.signal;
    if (json) tell(`${JSON.stringify({ outcome: { reason: "signal", signal: end.signal, exitCode } })}\n`);
    return exitCode;
  }
  const { outcome } = end;
  const exitCode = endingExitCode(outcome);
  if (json) {
    tell(`${JSON.stringify({ outcome: { ...outcome, exitCode } })}\n`);
  } else if (person || exitCode !== EXIT.OK) {
    tell(
      `denovisor: ${SENTENCES[outcome.reason]}${exitCode === EXIT.OK ? "" : ` (exit code ${exitCode})`}\n`,
    );
  }
  return exitCode;
}
