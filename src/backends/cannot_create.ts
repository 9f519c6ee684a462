/**
 * Why a file or socket could not be made, in the user's terms.
 *
 * @module
 */

import { dirname } from "@std/path";
import { ERRNO, KernelError } from "../../ffi/errno.ts";
import { UserError } from "../errors.ts";

/** The error for a failed creation of `path`; anything but a KernelError is given back as it is. */
export function cannotCreate(path: string, field: string, cause: unknown): unknown {
  if (!(cause instanceof KernelError)) return cause;
  const error = (message: string, hint?: string) =>
    new UserError(`${field}: ${message}`, { field, cause, ...(hint === undefined ? {} : { hint }) });
  const folder = dirname(path);
  switch (cause.errno) {
    case ERRNO.EEXIST:
    case ERRNO.EADDRINUSE: // what bind(2) says of a path that exists
      return error(`${path} exists already`, "Nothing is overwritten: remove it, or name another path.");
    case ERRNO.ENOENT:
      return error(`cannot create ${path}: there is no directory ${folder}`, "Create the directory first.");
    case ERRNO.ENOTDIR:
      return error(`cannot create ${path}: ${folder} is no directory`);
    case ERRNO.EACCES:
    case ERRNO.EPERM:
    case ERRNO.EROFS:
      return error(`cannot create ${path}: no permission to write in ${folder}`, "Name a path of your own.");
    default:
      return error(`cannot create ${path}: ${cause.message}`);
  }
}
