/**
 * The C library's functions, opened at first use, with the C type beside each parameter.
 *
 * `usize` and `u64` parameters are bigint here: Deno converts a JavaScript number passed as one 20 times slower. Hot
 * paths use the `i32` and `pointer` forms of {@link LIBC}. errno must be read right after the failing call, before any
 * other: {@link Libc.errno} is a view of the calling thread's own.
 *
 * @module
 */

import { KernelError } from "./errno.ts";

const SYMBOLS = {
  open: {
    parameters: ["buffer", /* const char *path */ "i32", /* int flags */ "i32" /* mode_t */],
    result: "i32",
  },
  close: { parameters: ["i32" /* int fd */], result: "i32" },
  read: { parameters: ["i32", /* int fd */ "buffer", /* void *buf */ "u64" /* size_t */], result: "i32" },
  write: {
    parameters: ["i32", /* int fd */ "buffer", /* const void *buf */ "u64" /* size_t */],
    result: "i32",
  },
  /** ioctl with a pointer made beforehand: hot paths. */
  ioctl: { parameters: ["i32", /* int fd */ "u32", /* request */ "pointer" /* void *argp */], result: "i32" },
  /** ioctl with an integer argument. */
  ioctl_int: {
    name: "ioctl",
    parameters: ["i32", /* int fd */ "u32", /* request */ "i32" /* int arg */],
    result: "i32",
  },
  /** ioctl with a struct in JavaScript memory: cold paths. */
  ioctl_buffer: {
    name: "ioctl",
    parameters: ["i32", /* int fd */ "u32", /* request */ "buffer" /* void *argp */],
    result: "i32",
  },
  mmap: {
    parameters: [
      "u64", /* void *addr */
      "u64", /* size_t length */
      "i32", /* int prot */
      "i32", /* int flags */
      "i32", /* int fd */
      "i64", /* off_t offset */
    ],
    result: "pointer",
  },
  munmap: { parameters: ["pointer", /* void *addr */ "u64" /* size_t length */], result: "i32" },
  madvise: {
    parameters: ["pointer", /* void *addr */ "u64", /* size_t length */ "i32" /* int advice */],
    result: "i32",
  },
  memfd_create: { parameters: ["buffer", /* const char *name */ "u32" /* unsigned flags */], result: "i32" },
  ftruncate: { parameters: ["i32", /* int fd */ "i64" /* off_t length */], result: "i32" },
  gettid: { parameters: [], result: "i32" },
  getpid: { parameters: [], result: "i32" },
  tgkill: { parameters: ["i32", /* pid_t tgid */ "i32", /* pid_t tid */ "i32" /* int sig */], result: "i32" },
  sigaction: {
    parameters: ["i32", /* int signum */ "buffer", /* const struct sigaction * */ "pointer" /* old */],
    result: "i32",
  },
  pthread_sigmask: {
    parameters: ["i32", /* int how */ "buffer", /* const sigset_t *set */ "pointer" /* sigset_t *old */],
    result: "i32",
  },
  dlsym: { parameters: ["pointer", /* void *handle */ "buffer" /* const char *symbol */], result: "pointer" },
  eventfd: { parameters: ["u32", /* unsigned initval */ "i32" /* int flags */], result: "i32" },
  poll: {
    parameters: ["buffer", /* struct pollfd * */ "u64", /* nfds_t */ "i32" /* int timeout ms */],
    result: "i32",
  },
  clock_gettime: { parameters: ["i32", /* clockid_t */ "buffer" /* struct timespec * */], result: "i32" },
  __errno_location: { parameters: [], result: "pointer" },
} as const satisfies Deno.ForeignLibraryInterface;

type Symbols = Deno.StaticForeignLibraryInterface<typeof SYMBOLS>;

/** The opened library, and the calling thread's errno. */
export interface Libc extends Symbols {
  /** errno of this thread's last failed call. */
  errno(): number;
}

let opened: Libc | undefined; // a cache, not state: one handle for each isolate, since opening costs milliseconds

/** The C library of this isolate. Needs `--allow-ffi`: otherwise Deno.errors.NotCapable. */
export function libc(): Libc {
  return opened ??= open();
}

function open(): Libc {
  const { symbols } = Deno.dlopen("libc.so.6", SYMBOLS);
  // SAFETY: glibc's errno is thread-local storage that lives as long as the thread; an isolate stays on its thread.
  const errno = new Int32Array(Deno.UnsafePointerView.getArrayBuffer(symbols.__errno_location()!, 4));
  return { ...symbols, errno: () => errno[0]! };
}

/** A NUL-terminated string. */
export function cString(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text + "\0");
}

/**
 * Passes on the result of a call, or throws its errno.
 *
 * @param call named in the error, for example `"ioctl KVM_CREATE_VM"`
 * @param meaning errno numbers with what they mean at this place
 */
export function check(result: number, call: string, meaning?: Readonly<Record<number, string>>): number {
  if (result >= 0) return result;
  const errno = libc().errno();
  throw new KernelError(call, errno, meaning?.[errno]);
}
