/**
 * Errors in the words that a user wrote: `--memory`, not `memory`.
 *
 * @module
 */

import { UserError } from "../errors.ts";

/**
 * An error whose message begins with the setting at fault, begun with what the user wrote instead.
 *
 * @param origin The flag, or the place in a file, that a setting came from; undefined to leave the message alone.
 * @returns The new error; the one given, if it is about no setting.
 */
export function nameOrigin(error: unknown, origin: (field: string) => string | undefined): unknown {
  if (!(error instanceof UserError) || error.field === undefined) return error;
  const { field, message, hint } = error;
  const rest = message.slice(field.length);
  if (!message.startsWith(field) || !/^[: ]/.test(rest)) return error;
  const place = origin(field);
  if (place === undefined) return error;
  return new UserError(`${place}${rest}`, {
    field,
    cause: error.cause,
    ...(hint === undefined ? {} : { hint }),
  });
}
