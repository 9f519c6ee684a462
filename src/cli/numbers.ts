/**
 * Numbers in flags.
 *
 * @module
 */

import { UserError } from "../errors.ts";

/** Reads a whole number, of any size and sign: ranges are for others to judge. Throws UserError. */
export function wholeNumber(flag: string, text: string): number {
  if (/^[+-]?\d{1,15}$/.test(text)) return Number(text);
  throw new UserError(`--${flag}: ${JSON.stringify(text)} is no whole number`, { field: flag });
}
