/**
 * One guest from its start to its end, on this process's terminal.
 *
 * @module
 */

import { lazy } from "../lazy.ts";
import type { MachineConfig } from "../config/schema.ts";
import { Vm } from "../vm.ts";
import type { SpareWorkers } from "../vcpu/spare_workers.ts";
import type { VmLog } from "./logging.ts";
import { say, tell } from "./output.ts";
import type { AttendedEnd } from "./terminal/attend.ts";

/** What a run shows. */
export interface RunGuestOptions {
  /** No words of our own beside JSON. */
  readonly json?: boolean;
  /** Called when the guest writes for the first time; standard input is left alone until then. */
  readonly onFirstOutput?: () => void;
  /** Workers that load already. */
  readonly spare?: SpareWorkers;
  /** Where the machine's messages go; default: warnings and errors to standard error. */
  readonly log?: VmLog;
}

/** Starts a guest and attends it. Throws what {@linkcode Vm.start} and {@linkcode Vm.wait} throw. */
export async function runGuest(config: MachineConfig, options: RunGuestOptions = {}): Promise<AttendedEnd> {
  let tracing = true;
  const trace = (line: string) => {
    if (tracing) tell(`${line}\n`);
  };
  const starting = Vm.start(config, {
    trace,
    log: options.log ?? sayProblems,
    ...(options.spare === undefined ? {} : { spare: options.spare }),
  });
  starting.catch(() => {}); // thrown where it is awaited
  // Loaded while the machine's workers start: the console is no part of the way to the first instruction.
  const { attendHere, EndingSignals } = await lazy<typeof import("./attend_here.ts")>(
    import.meta.resolve("./attend_here.ts"),
  );
  using signals = new EndingSignals();
  await using guest = await starting;
  return await attendHere(guest, {
    quiet: options.json === true,
    signal: signals.first,
    ...(options.onFirstOutput === undefined ? {} : { onFirstOutput: options.onFirstOutput }),
    ...(guest.config.trace.length === 0 ? {} : { toggleTrace: () => tracing = !tracing }),
  });
}

const sayProblems: VmLog = (level, text) => {
  if (level !== "info") say(`${level}: ${text}`);
};
