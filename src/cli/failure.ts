/**
 * From whatever was thrown to a message, a hint and an exit code.
 *
 * @module
 */

import { GuestError, HostError, UserError } from "../errors.ts";
import { EXIT, SIGPIPE } from "./exit_codes.ts";
import { tell } from "./output.ts";
import { styleFor } from "./style.ts";

/** A failure as a program reads it under `--json`: `{"error": …}`. */
export interface Failure {
  readonly kind: "usage" | "host" | "guest" | "lab" | "permission" | "internal";
  readonly message: string;
  readonly hint?: string;
  /** The flag or configuration key at fault. */
  readonly field?: string;
  readonly exitCode: number;
}

/** Sorts a thrown value. */
export function toFailure(error: unknown): Failure {
  if (error instanceof UserError) return known("usage", EXIT.USAGE, error);
  // The lab's error is told by name: its module is not loaded for any other command.
  if (error instanceof Error && error.name === "LabError") return known("lab", EXIT.LAB, error);
  if (error instanceof HostError) return known("host", EXIT.HOST, error);
  if (error instanceof GuestError) return known("guest", EXIT.FAILED, error);
  if (error instanceof Deno.errors.NotCapable) return permission(error);
  return {
    kind: "internal",
    message: `internal error: ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`,
    hint: "This is a bug in Denovisor. DENOVISOR_DEBUG=1 shows where it happened: please report that.",
    exitCode: EXIT.FAILED,
  };
}

/** Prints a failure and returns its exit code. Stack traces only under DENOVISOR_DEBUG=1. */
export function reportFailure(error: unknown, json: boolean): number {
  // The reader of standard output has gone: it wants no more words either.
  if (error instanceof Deno.errors.BrokenPipe) return EXIT.SIGNAL + SIGPIPE;
  const failure = toFailure(error);
  if (json) tell(`${JSON.stringify({ error: failure })}\n`);
  else {
    const { red, dim } = styleFor(Deno.stderr);
    tell(`${red("denovisor:")} ${failure.message}\n`);
    if (failure.hint !== undefined) tell(`${dim(failure.hint)}\n`);
  }
  if (debugging() && error instanceof Error) tell(`${withCauses(error)}\n`);
  return failure.exitCode;
}

function known(
  kind: Failure["kind"],
  exitCode: number,
  { message, hint, field }: Error & { hint?: string | undefined; field?: string | undefined },
): Failure {
  return {
    kind,
    message,
    ...(hint === undefined ? {} : { hint }),
    ...(field === undefined ? {} : { field }),
    exitCode,
  };
}

/** Deno's message names the permission: `Requires ffi access, run again with the --allow-ffi flag`. */
function permission({ message }: Error): Failure {
  const flag = /--allow-[a-z]+/.exec(message)?.[0] ?? "--allow-all";
  return {
    kind: "permission",
    message: flag === "--allow-ffi"
      ? "Deno may not call the C library, through which /dev/kvm is reached"
      : `Deno was not given a permission: ${message}`,
    hint: `Run it with ${flag} (or -A for all permissions): deno run -A cli.ts …`,
    exitCode: EXIT.USAGE,
  };
}

function debugging(): boolean {
  try {
    return Deno.env.get("DENOVISOR_DEBUG") === "1";
  } catch {
    return false; // without --allow-env
  }
}

function withCauses(error: Error): string {
  const cause = error.cause instanceof Error ? `\ncaused by: ${withCauses(error.cause)}` : "";
  return `${error.stack ?? error.message}${cause}`;
}
