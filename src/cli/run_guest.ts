/**
 * One guest from its start to its exit code, on this process's terminal.
 *
 * @module
 */

import type { MachineConfig } from "../config/schema.ts";
import { Vm } from "../vm.ts";
import type { VmLog } from "./logging.ts";
import { say, tell } from "./output.ts";
import { styleFor } from "./style.ts";
import { attend, type AttendedEnd } from "./terminal/attend.ts";
import type { HostStreams } from "./terminal/host.ts";
import { EndingSignals } from "./terminal/signals.ts";

/** What a run shows. */
export interface RunGuestOptions {
  /** No words of our own beside JSON. */
  readonly json?: boolean;
  /** Called when the guest writes for the first time; standard input is left alone until then. */
  readonly onFirstOutput?: () => void;
  /** Where the machine's messages go; default: warnings and errors to standard error. */
  readonly log?: VmLog;
}

/** Starts a guest and attends it. Throws what {@linkcode Vm.start} and {@linkcode Vm.wait} throw. */
export async function runGuest(config: MachineConfig, options: RunGuestOptions = {}): Promise<AttendedEnd> {
  let tracing = true;
  const trace = (line: string) => {
    if (tracing) tell(`${line}\n`);
  };
  const starting = Vm.start(config, { trace, log: options.log ?? sayProblems });
  // Set up while the machine's workers start: it is no part of the way to the first instruction.
  using signals = new EndingSignals();
  await using guest = await starting;
  if (!options.json) announce(guest);
  const traced = guest.config.trace.length > 0;
  return await attend(guest, {
    streams: STANDARD_STREAMS,
    signal: signals.first,
    ...(options.onFirstOutput === undefined ? {} : { onFirstOutput: options.onFirstOutput }),
    ...(traced ? { toggleTrace: () => tracing = !tracing } : {}),
  });
}

const STANDARD_STREAMS: HostStreams = { stdin: Deno.stdin, stdout: Deno.stdout, tell };

const sayProblems: VmLog = (level, text) => {
  if (level !== "info") say(`${level}: ${text}`);
};

/** What a person must know before the guest speaks. */
function announce(guest: Vm): void {
  for (const { name, target, path } of guest.serial) {
    if (path !== undefined) say(`${name} is ${target.startsWith("unix:") ? "the socket " : ""}${path}`);
  }
  const hasConsole = guest.serial.some(({ console }) => console !== undefined);
  if (hasConsole && Deno.stdin.isTerminal() && Deno.stderr.isTerminal()) {
    tell(`${styleFor(Deno.stderr).dim("denovisor: Ctrl-A x ends the guest, Ctrl-A h helps")}\n`);
  }
}
