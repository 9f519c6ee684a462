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
