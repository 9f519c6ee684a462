/**
 * The conversation with a running lab machine: streams both ways, window sizes, signals, the time limit, and the
 * command's exit status.
 *
 * @module
 */

import type { PortName } from "./qemu.ts";
import { RawTerminal } from "./terminal.ts";

/** What a session needs of a lab machine. */
export interface SessionMachine {
  /** Our end of a port. */
  port(name: PortName): Deno.Conn;
  /** Settles when the machine has ended. */
  readonly ended: Promise<unknown>;
  /** L1 is up. */
  started(): void;
  /** Ends it at once. */
  kill(): void;
  /** The error to throw when it ended badly. */
  failure(reason: string): Promise<Error>;
}

/** What the machine is joined to. */
export interface SessionOptions {
  readonly interactive: boolean;
  /** Seconds. */
  readonly timeLimit: number | undefined;
  readonly stdin: ReadableStream<Uint8Array> | undefined;
  readonly stdout: WritableStream<Uint8Array>;
  readonly stderr: WritableStream<Uint8Array>;
}

/** Signals that end a session, with their numbers on Linux. */
const ENDING_SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;
const SIGPIPE = 13;
/** After its last word L1 powers off in a fraction of this. */
const POWER_OFF_MS = 5000;

/** How the session stands; the first end that is noted counts. */
interface Outcome {
  status?: number;
  failure?: string;
}

/**
 * Carries a session to its end.
 *
 * @returns The exit status.
 * @throws {LabError} if L1 ended without telling one.
 */
export async function converse(machine: SessionMachine, options: SessionOptions): Promise<number> {
  const outcome: Outcome = {};
  const end = (how: Outcome) => {
    if (outcome.status === undefined && outcome.failure === undefined) Object.assign(outcome, how);
    machine.kill();
  };
  using cleanup = new DisposableStack();
  listenToSignals(cleanup, (number) => end({ status: 128 + number }));
  if (options.timeLimit !== undefined) {
    const reason = `the time limit of ${options.timeLimit} s is over`;
    const timer = setTimeout(() => end({ failure: reason }), options.timeLimit * 1000);
    cleanup.defer(() => clearTimeout(timer));
  }

  const readerGone = () => end({ status: 128 + SIGPIPE });
  const control = readControl(machine, outcome, (timer) => cleanup.defer(() => clearTimeout(timer)));
  const outputs = options.interactive ? [forward(machine.port("terminal"), options.stdout, readerGone)] : [
    forward(machine.port("stdout"), options.stdout, readerGone),
    forward(machine.port("stderr"), options.stderr, readerGone),
  ];
  const input = options.interactive
    ? joinTerminal(machine, cleanup)
    : options.stdin && feed(options.stdin, machine.port("stdin"));

  await machine.ended;
  await Promise.all([control, ...outputs]);
  input?.cancel();
  if (outcome.status !== undefined) return outcome.status;
  throw await machine.failure(outcome.failure ?? "its machine ended before the command did");
}

function listenToSignals(cleanup: DisposableStack, heard: (number: number) => void): void {
  for (const [name, number] of Object.entries(ENDING_SIGNALS) as [Deno.Signal, number][]) {
    const listener = () => heard(number);
    Deno.addSignalListener(name, listener);
    cleanup.defer(() => Deno.removeSignalListener(name, listener));
  }
}

/** Reads L1's lines until the port closes. */
async function readControl(
  machine: SessionMachine,
  outcome: Outcome,
  onTimer: (timer: ReturnType<typeof setTimeout>) => void,
): Promise<void> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of chunks(machine.port("control"))) {
    text += decoder.decode(chunk, { stream: true });
    for (let newline; (newline = text.indexOf("\n")) >= 0; text = text.slice(newline + 1)) {
      const [word, ...rest] = text.slice(0, newline).split(" ");
      if (word === "ready") machine.started();
      if (word === "exit") outcome.status ??= Number(rest[0]);
      if (word === "failed") outcome.failure ??= rest.join(" ");
      if (word === "exit" || word === "failed") onTimer(setTimeout(() => machine.kill(), POWER_OFF_MS));
    }
  }
}

/**
 * Passes a port's bytes on. The port is read whether or not the other side keeps up, since the emulated CPU
 * would spin on a full port; what waits, waits here.
 */
async function forward(
  port: Deno.Conn,
  sink: WritableStream<Uint8Array>,
  readerGone: () => void,
): Promise<void> {
  const writer = sink.getWriter();
  let last: Promise<void> = Promise.resolve();
  try {
    for await (const chunk of chunks(port)) {
      last = writer.write(chunk);
      last.catch(readerGone);
    }
    await last.catch(readerGone);
  } finally {
    writer.releaseLock();
  }
}

/** The user's terminal, joined to L1's. */
function joinTerminal(machine: SessionMachine, cleanup: DisposableStack): { cancel(): void } {
  const encoder = new TextEncoder();
  const control = machine.port("control");
  cleanup.use(
    new RawTerminal(({ rows, columns }) => {
      control.write(encoder.encode(`size ${rows} ${columns}\n`)).catch(() => {});
    }),
  );
  return feed(Deno.stdin.readable, machine.port("terminal"));
}

/**
 * Copies a stream to a port, and its end too: by closing our sending half only, as QEMU drops what it has not
 * read yet when both are closed.
 */
function feed(source: ReadableStream<Uint8Array>, port: Deno.Conn): { cancel(): void } {
  const stop = new AbortController();
  source.pipeTo(port.writable, { signal: stop.signal, preventClose: true })
    .then(() => port.closeWrite())
    // A port that closed before all was read belongs to a command that did not want it all.
    .catch(() => {});
  return { cancel: () => stop.abort() };
}

/** A connection's bytes, until it ends one way or the other. */
async function* chunks(port: Deno.Conn): AsyncGenerator<Uint8Array> {
  try {
    yield* port.readable;
  } catch (error) {
    // QEMU was killed with bytes of ours unread.
    if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
  }
}
