/**
 * The three kinds of failure that reach a person, by who can mend it.
 *
 * @module
 */

/** Extra facts that a message can carry. */
export interface ErrorDetails {
  /** What to do about it, as one sentence. */
  readonly hint?: string;
  /** The configuration key or flag at fault, for example `memory` or `serial.0`. */
  readonly field?: string;
  /** The error underneath. */
  readonly cause?: unknown;
}

/** What the three have in common. */
export class DenovisorError extends Error {
  /** What to do about it. */
  readonly hint: string | undefined;
  /** The setting or flag at fault. */
  readonly field: string | undefined;

  /** An error with a message of one sentence: what is wrong, and where. */
  constructor(message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.hint = details.hint;
    this.field = details.field;
  }
}

/** The request is wrong: a flag, a configuration key, a file. Nothing was created. The CLI exits with code 2. */
export class UserError extends DenovisorError {}

/** The host lacks something: no `/dev/kvm`, no permission, no memory, a missing tool. The CLI exits with code 3. */
export class HostError extends DenovisorError {}

/** The guest cannot go on: an exit that nothing handles, an emulation failure. The CLI exits with code 1. */
export class GuestError extends DenovisorError {}

/** An error as plain data, for another isolate: structured cloning keeps neither a class nor its fields. */
export interface PlainError {
  readonly kind: "user" | "host" | "guest" | "other";
  readonly message: string;
  readonly hint: string | undefined;
  readonly field: string | undefined;
  readonly stack: string | undefined;
  readonly cause: PlainError | undefined;
}

const KINDS = { user: UserError, host: HostError, guest: GuestError } as const;

/** An error, or whatever else was thrown, as plain data. */
export function toPlainError(thrown: unknown): PlainError {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const kinds = Object.keys(KINDS) as (keyof typeof KINDS)[];
  const { hint, field } = error instanceof DenovisorError ? error : {};
  return {
    kind: kinds.find((kind) => error instanceof KINDS[kind]) ?? "other",
    message: error.message,
    hint,
    field,
    stack: error.stack,
    cause: error.cause === undefined ? undefined : toPlainError(error.cause),
  };
}

/** The error again, of the class that it had, with the stack of where it was thrown. */
export function fromPlainError({ kind, message, hint, field, stack, cause }: PlainError): Error {
  const below = cause === undefined ? {} : { cause: fromPlainError(cause) };
  const error = kind === "other" ? new Error(message, below) : new KINDS[kind](message, {
    ...below,
    ...(hint === undefined ? {} : { hint }),
    ...(field === undefined ? {} : { field }),
  });
  if (stack !== undefined) error.stack = stack;
  return error;
}
