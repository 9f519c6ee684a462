/**
 * A guest's console joined to this process's standard streams, from the guest's start to its end.
 *
 * @module
 */

import type { Outcome } from "../../outcome.ts";
import type { Vm } from "../../vm.ts";
import { SIGPIPE } from "../exit_codes.ts";
import { consoleCommands } from "./console_commands.ts";
import type { HostStreams } from "./host.ts";
import { copyInput, copyKeys } from "./input.ts";
import { copyOutput } from "./output.ts";
import { RawMode } from "./raw_mode.ts";

/** As much of a machine as a console needs. */
export type AttendedGuest = Pick<
  Vm,
  "state" | "serial" | "wait" | "pause" | "resume" | "stop" | "powerButton" | "ctrlAltDel"
>;

/** How a guest is attended. */
export interface AttendOptions {
  readonly streams: HostStreams;
  /** Resolves with the number of a signal that shall end the guest. */
  readonly signal: Promise<number>;
  /** Called when the guest writes for the first time. Where it is given, standard input is left alone until then. */
  readonly onFirstOutput?: () => void;
  readonly toggleTrace?: () => boolean;
}

/** How it ended: by itself or its user, or by a signal to this process. */
export type AttendedEnd = { readonly outcome: Outcome } | { readonly signal: number };

/** After a signal, output that a stuck reader does not take is given up after this (ms). */
const LAST_WORDS_MS = 200;

/**
 * Carries bytes both ways until the guest ends, and leaves the terminal as it was.
 *
 * @throws {GuestError} if the guest cannot go on.
 */
export async function attend(guest: AttendedGuest, options: AttendOptions): Promise<AttendedEnd> {
  const { streams } = options;
  const port = guest.serial.find((port) => port.console !== undefined)?.console;
  let endedBy: number | undefined;
  const end = (signal: number) => {
    endedBy ??= signal;
    void guest.stop();
  };
  void options.signal.then(end);

  using cleanup = new DisposableStack();
  const joinInput = () => {
    if (port !== undefined) join(guest, port.writable, options, cleanup);
  };
  // Keys go in from the start. A pipe's bytes wait for the guest's first word: a driver that has not set up its
  // UART yet would throw them away.
  const atOnce = options.onFirstOutput === undefined && streams.stdin.isTerminal();
  if (atOnce) joinInput();
  const onFirst = () => {
    options.onFirstOutput?.();
    if (!atOnce) joinInput();
  };
  const output = port === undefined
    ? Promise.resolve()
    : copyOutput(port.readable, streams.stdout, onFirst).then((how) => {
      if (how === "reader gone") end(SIGPIPE);
    });
  output.catch(() => void guest.stop()); // thrown below

  try {
    const outcome = await guest.wait();
    return endedBy === undefined ? { outcome } : { signal: endedBy };
  } finally {
    await Promise.race([output, options.signal]);
    if (endedBy !== undefined) await atMost(LAST_WORDS_MS, output);
  }
}

/** Joins standard input to the guest's port: keys with their escapes from a terminal, else bytes as they are. */
function join(
  guest: AttendedGuest,
  writable: WritableStream<Uint8Array>,
  { streams, toggleTrace }: AttendOptions,
  cleanup: DisposableStack,
): void {
  const writer = writable.getWriter();
  const { stdin } = streams;
  let copying: Promise<void>;
  if (stdin.isTerminal()) {
    cleanup.use(new RawMode(stdin));
    const commands = consoleCommands({
      guest,
      type: (text) => void writer.write(new TextEncoder().encode(text)).catch(() => {}),
      tell: (text) => streams.tell(text),
      toggleTrace,
    });
    copying = copyKeys(stdin.readable, writer, commands);
  } else {
    copying = copyInput(stdin.readable, writer);
  }
  // Input that cannot be read any more is like input that ended: the guest runs on without it.
  copying.catch(() => {});
}

/** Waits for a promise, but not for ever. */
async function atMost(ms: number, promise: Promise<void>): Promise<void> {
  const { promise: over, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  try {
    await Promise.race([promise, over]);
  } finally {
    clearTimeout(timer);
  }
}
