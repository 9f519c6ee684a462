/**
 * Files and sockets that a user names: their paths, and why one could not be made, in the user's terms.
 *
 * @module
 */

import { ERRNO, KernelError } from "../../ffi/errno.ts";
import { UserError } from "../errors.ts";

/** An absolute path for later: the program may change its directory. */
export function absolute(path: string): string {
  return path.startsWith("/") ? path : `${Deno.cwd()}/${path}`;
}

/** The directory of a path, with what it is now if the path is relative. */
function folderOf(path: string): string {
  const whole = absolute(path);
  return whole.slice(0, whole.lastIndexOf("/")) || "/";
}

/** The error for a failed creation of `path`; anything but a KernelError is given back as it is. */
export function cannotCreate(path: string, field: string, cause: unknown): unknown {
  if (!(cause instanceof KernelError)) return cause;
  const error = (message: string, hint?: string) =>
    new UserError(`${field}: ${message}`, { field, cause, ...(hint === undefined ? {} : { hint }) });
  const folder = folderOf(path);
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
