/**
 * errno as one class of error: which call failed, the errno's name, and what it means.
 *
 * @module
 */

/** errno numbers that the project tests for (`asm-generic/errno-base.h`, `errno.h`). */
export const ERRNO = {
  EPERM: 1,
  ENOENT: 2,
  EINTR: 4,
  EIO: 5,
  E2BIG: 7,
  EBADF: 9,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  EFAULT: 14,
  EBUSY: 16,
  EEXIST: 17,
  ENODEV: 19,
  ENOTDIR: 20,
  EINVAL: 22,
  EMFILE: 24,
  ENOTTY: 25,
  EFBIG: 27,
  ENOSPC: 28,
  EROFS: 30,
  EPIPE: 32,
  ENAMETOOLONG: 36,
  ENOLCK: 37,
  ENOSYS: 38,
  ENXIO: 6,
  EOVERFLOW: 75,
  EOPNOTSUPP: 95,
  EADDRINUSE: 98,
} as const;

const MEANING: Record<keyof typeof ERRNO, string> = {
  EPERM: "operation not permitted",
  ENOENT: "no such file or directory",
  EINTR: "interrupted by a signal",
  EIO: "input/output error",
  E2BIG: "argument list too long",
  EBADF: "bad file descriptor",
  EAGAIN: "resource temporarily unavailable",
  ENOMEM: "not enough memory or address space",
  EACCES: "permission denied",
  EFAULT: "bad address",
  EBUSY: "resource busy",
  EEXIST: "already exists",
  ENODEV: "no such device",
  ENOTDIR: "not a directory",
  EINVAL: "invalid argument",
  EMFILE: "too many open files",
  ENOTTY: "this kind of file does not know that request",
  EFBIG: "file too large",
  ENOSPC: "no space left on device",
  EROFS: "read-only file system",
  EPIPE: "broken pipe",
  ENAMETOOLONG: "file name too long",
  ENOLCK: "no locks available",
  ENOSYS: "the kernel does not implement it",
  ENXIO: "no such device or address",
  EOVERFLOW: "value too large",
  EOPNOTSUPP: "operation not supported",
  EADDRINUSE: "address already in use",
};

/** A system call that failed. */
export class KernelError extends Error {
  /** The errno's name, for example `"EINVAL"`, or `"errno 123"` for a rare one. */
  readonly code: string;

  /**
   * @param call what was called, for example `"ioctl KVM_CREATE_VM"`
   * @param errno its error number
   * @param meaning what it means at this place, where that says more than the errno's general meaning
   */
  constructor(readonly call: string, readonly errno: number, meaning?: string) {
    const name = (Object.keys(ERRNO) as (keyof typeof ERRNO)[]).find((key) => ERRNO[key] === errno);
    const code = name ?? `errno ${errno}`;
    const explained = meaning ?? (name === undefined ? undefined : MEANING[name]);
    super(`${call}: ${code}${explained === undefined ? "" : ` (${explained})`}`);
    this.name = "KernelError";
    this.code = code;
  }
}
