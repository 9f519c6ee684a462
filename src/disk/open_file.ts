/**
 * Opens the file or block device of an image, checked and locked.
 *
 * @module
 */

import { ERRNO, KernelError } from "../../ffi/errno.ts";
import { O_NOCTTY, O_NONBLOCK, O_RDWR, OwnedFd } from "../../ffi/fd.ts";
import { type FileFacts, fileFacts } from "../../ffi/file_io.ts";
import { O_DIRECT, O_DSYNC, S_IF } from "../../ffi/uapi/file.ts";
import { UserError } from "../errors.ts";
import type { CacheMode } from "./disk_image.ts";
import { HostFile } from "./host_file.ts";
import { lockImage, unlockImage } from "./image_lock.ts";

/** How to open one. */
export interface OpenFileOptions {
  readonly readOnly: boolean;
  readonly cache: CacheMode;
  /** The setting that named it, for errors. */
  readonly field: string;
  /** Images that this one is below, by {@link FileFacts.identity}. */
  readonly above?: readonly string[];
  /** False to look at an image that others use. */
  readonly lock?: boolean;
}

/** An opened file, and the name of the file itself, whatever path led to it. */
export interface OpenedFile {
  readonly file: HostFile;
  readonly facts: FileFacts;
}

/**
 * Opens the file of an image.
 *
 * @throws {UserError} for no such file, a directory or another thing that is no disk, no permission, a lock of another
 * process, a file system that cannot do what the cache mode needs.
 */
export function openHostFile(path: string, options: OpenFileOptions): OpenedFile {
  const { readOnly, cache, field } = options;
  if (path.includes("\0")) throw new UserError("a path cannot contain NUL", { field });
  const mode = (readOnly ? 0 : O_RDWR) | (cache === "writethrough" ? O_DSYNC : 0);
  using opened = new DisposableStack();
  try {
    const blockDevice = isBlockDevice(fileFacts(path), path, field);
    // Not to wait for a FIFO's other end, should the file have become one.
    const fd = opened.use(OwnedFd.open(path, mode | O_NOCTTY | O_NONBLOCK));
    const facts = fileFacts(fd.number);
    if (isBlockDevice(facts, path, field) !== blockDevice) {
      throw new UserError(`${path} was replaced`, { field });
    }
    // Before the lock, which the image itself holds already if this is a loop.
    if (options.above?.includes(facts.identity)) {
      throw new UserError(`${path} is its own backing file: the chain of backing files is a loop`, { field });
    }
    opened.defer(() => unlockImage(fd.number));
    if (options.lock ?? true) lockImage(fd.number, path, !readOnly, field);
    const direct = cache === "none" ? opened.use(openDirect(path, fd.number, mode, field)) : undefined;
    const file = new HostFile({ path, fd, direct, readOnly, blockDevice, durable: cache !== "unsafe" });
    opened.move();
    return { file, facts };
  } catch (error) {
    throw inUsersTerms(error, path, readOnly, field);
  }
}

/** A second descriptor of the same file, whatever its path names by now. */
function openDirect(path: string, fd: number, mode: number, field: string): OwnedFd {
  try {
    return OwnedFd.open(`/proc/self/fd/${fd}`, mode | O_DIRECT);
  } catch (cause) {
    throw new UserError(`${path}: its file system cannot bypass the host's page cache`, {
      field,
      hint: "Use the cache mode `writeback`, or keep the image on another file system.",
      cause,
    });
  }
}

function isBlockDevice({ mode }: FileFacts, path: string, field: string): boolean {
  const kind = mode & S_IF.MT;
  if (kind === S_IF.DIR) throw new UserError(`${path} is a directory, not a disk image`, { field });
  if (kind !== S_IF.REG && kind !== S_IF.BLK) {
    throw new UserError(`${path} is neither a file nor a block device`, { field });
  }
  return kind === S_IF.BLK;
}

function inUsersTerms(error: unknown, path: string, readOnly: boolean, field: string): unknown {
  if (!(error instanceof KernelError)) return error;
  const details = { field, cause: error };
  switch (error.errno) {
    case ERRNO.ENOENT:
    case ERRNO.ENOTDIR:
      return new UserError(`no such disk image: ${path}`, details);
    case ERRNO.EACCES:
    case ERRNO.EPERM:
      return new UserError(`no permission to ${readOnly ? "read" : "write"} ${path}`, {
        ...details,
        ...(readOnly ? {} : { hint: "Open it read-only, or put an overlay of your own over it." }),
      });
    case ERRNO.EROFS:
      return new UserError(`${path} is on a read-only file system`, {
        ...details,
        hint: "Open it read-only, or put an overlay over it.",
      });
    default:
      return new UserError(`cannot open ${path}: ${error.message}`, details);
  }
}
