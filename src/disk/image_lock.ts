/**
 * Locks on image files, in the bytes where QEMU and qemu-img have theirs (QEMU's `block/file-posix.c`): so each sees
 * the other's.
 *
 * Byte 100 + n is held, shared, by whoever uses permission n; byte 200 + n by whoever does not let others use it. An
 * opener takes its own first and then looks for others' on the opposite bytes: of two that come at once, at least one
 * sees the other.
 *
 * @module
 */

import { ERRNO } from "../../ffi/errno.ts";
import { fileIo } from "../../ffi/file_io.ts";
import { libc } from "../../ffi/libc.ts";
import { F_OFD, flock, LOCK_TYPE } from "../../ffi/uapi/file.ts";
import { UserError } from "../errors.ts";

/** Numbers of permissions (QEMU's `include/block/block-common.h`). */
const PERMISSION = { CONSISTENT_READ: 0, WRITE: 1, RESIZE: 3 } as const;
const USED = 100;
const UNSHARED = 200;

const READER: readonly number[] = [PERMISSION.CONSISTENT_READ];
const WRITER: readonly number[] = [PERMISSION.CONSISTENT_READ, PERMISSION.WRITE, PERMISSION.RESIZE];
/** Neither reader nor writer lets anybody else write. */
const EXCLUDED: readonly number[] = [PERMISSION.WRITE, PERMISSION.RESIZE];

/** What file systems without such locks answer: an image there is opened all the same, and nobody is kept away. */
const CANNOT_LOCK: readonly number[] = [ERRNO.EINVAL, ERRNO.ENOLCK, ERRNO.ENOSYS, ERRNO.EOPNOTSUPP];

/**
 * Locks an open image until {@link unlockImage}.
 *
 * @throws {UserError} if another process, or another disk of this one, has it open in a way that excludes this one.
 */
export function lockImage(fd: number, path: string, writable: boolean, field: string): void {
  const used = writable ? WRITER : READER;
  const held = hold(fd, [...used.map((n) => USED + n), ...EXCLUDED.map((n) => UNSHARED + n)]);
  if (CANNOT_LOCK.includes(held)) return;
  const taken = held !== 0 || used.some((n) => heldByOthers(fd, UNSHARED + n)) ||
    EXCLUDED.some((n) => heldByOthers(fd, USED + n));
  if (!taken) return;
  throw new UserError(
    writable
      ? `${path} is in use: another virtual machine or tool has it open`
      : `${path} is in use: another virtual machine or tool has it open for writing`,
    {
      field,
      hint: "Stop the other user of the image, or give this machine an overlay or a copy of its own.",
    },
  );
}

/**
 * Lets go of an image that is about to be closed. Closing alone is not enough at once: a process that another thread is
 * just starting has a copy of the descriptor between its fork and its exec, and the lock with it.
 */
export function unlockImage(fd: number): void {
  const all = request(LOCK_TYPE.UNLCK, USED);
  all.l_len_num = 2 * (UNSHARED - USED);
  fcntl(fd, F_OFD.SETLK, all);
}

/** Takes shared locks on bytes; the first errno, such as EAGAIN where somebody has one for himself. */
function hold(fd: number, bytes: readonly number[]): number {
  for (const byte of bytes) {
    const errno = fcntl(fd, F_OFD.SETLK, request(LOCK_TYPE.RDLCK, byte));
    if (errno !== 0) return errno;
  }
  return 0;
}

function heldByOthers(fd: number, byte: number): boolean {
  const lock = request(LOCK_TYPE.WRLCK, byte);
  return fcntl(fd, F_OFD.GETLK, lock) === 0 && lock.l_type !== LOCK_TYPE.UNLCK;
}

function request(type: number, byte: number) {
  const lock = flock.create(); // l_pid must be 0 (fcntl(2), "Open file description locks")
  lock.l_type = type;
  lock.l_start_num = byte;
  lock.l_len_num = 1;
  return lock;
}

function fcntl(fd: number, operation: number, lock: ReturnType<typeof request>): number {
  return fileIo().fcntl(fd, operation, lock.$bytes) < 0 ? libc().errno() : 0;
}
