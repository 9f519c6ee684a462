/**
 * Listening sockets of the unix domain, and their clients.
 *
 * @module
 */

import { ERRNO, KernelError } from "./errno.ts";
import { OwnedFd } from "./fd.ts";
import { array, struct, u16, u8 } from "./layout.ts";
import { check, cString, libc } from "./libc.ts";

/** `sys/un.h`; the path ends with NUL. */
export const sockaddr_un = struct("sockaddr_un", { sun_family: u16, sun_path: array(u8, 108) });

/** `bits/socket.h`, `bits/socket_type.h` */
export const AF_UNIX = 1;
export const SOCK = { STREAM: 1, NONBLOCK: 0o4000, CLOEXEC: 0o2000000 } as const;
/** NOSIGNAL: a peer that is gone is EPIPE and no SIGPIPE. */
export const MSG = { NOSIGNAL: 0x4000 } as const;

/** Bytes of a path that fit before its NUL. */
export const SOCKET_PATH_MAX: number = sockaddr_un.size - sockaddr_un.offset("sun_path") - 1;

/** Connections that wait to be accepted. */
const BACKLOG = 4;

const SYMBOLS = {
  socket: {
    parameters: ["i32", /* int domain */ "i32", /* int type */ "i32" /* int protocol */],
    result: "i32",
  },
  bind: {
    parameters: ["i32", /* int fd */ "buffer", /* const struct sockaddr * */ "u32" /* socklen_t */],
    result: "i32",
  },
  listen: { parameters: ["i32", /* int fd */ "i32" /* int backlog */], result: "i32" },
  accept4: {
    parameters: ["i32", /* int fd */ "pointer", /* addr */ "pointer", /* addrlen */ "i32" /* int flags */],
    result: "i32",
  },
  send: {
    parameters: [
      "i32",
      /* int fd */ "buffer",
      /* const void *buf */ "u64",
      /* size_t */ "i32", /* int flags */
    ],
    result: "i32",
  },
  fchmod: { parameters: ["i32", /* int fd */ "u32" /* mode_t */], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

type Symbols = Deno.StaticForeignLibraryInterface<typeof SYMBOLS>;

let opened: Symbols | undefined; // a cache, not state: apart from libc(), as few machines have a socket

function symbols(): Symbols {
  libc(); // opened now, so that it is not opened between a call and the reading of its errno
  return opened ??= Deno.dlopen("libc.so.6", SYMBOLS).symbols;
}

/**
 * A socket that listens at `path`, for its owner alone (mode 0600), and never blocks. Throws KernelError, also when
 * the path exists or is longer than {@link SOCKET_PATH_MAX} bytes.
 */
export function listenUnix(path: string): OwnedFd {
  const c = symbols();
  const address = sockaddr_un.create();
  const name = cString(path);
  if (name.length > address.sun_path.length) throw new KernelError(`bind ${path}`, ERRNO.ENAMETOOLONG);
  address.sun_family = AF_UNIX;
  address.sun_path.set(name);
  const socket = new OwnedFd(
    check(c.socket(AF_UNIX, SOCK.STREAM | SOCK.NONBLOCK | SOCK.CLOEXEC, 0), "socket"),
  );
  try {
    // Before bind, which gives the file this mode: at no moment can somebody else connect.
    check(c.fchmod(socket.number, 0o600), "fchmod of a socket");
    check(c.bind(socket.number, address.$bytes, sockaddr_un.size), `bind ${path}`);
    check(c.listen(socket.number, BACKLOG), `listen at ${path}`);
    return socket;
  } catch (error) {
    socket[Symbol.dispose]();
    throw error;
  }
}

/** The next client, which never blocks either; undefined if none waits. Throws KernelError, as for too many files. */
export function acceptClient(listener: number): OwnedFd | undefined {
  const fd = symbols().accept4(listener, null, null, SOCK.NONBLOCK | SOCK.CLOEXEC);
  if (fd >= 0) return new OwnedFd(fd);
  const errno = libc().errno();
  if (errno === ERRNO.EAGAIN || errno === ERRNO.EINTR) return undefined;
  throw new KernelError("accept4", errno);
}

/** Sends what the socket takes now: a number of bytes, or an errno as a negative number. */
export function sendTo(socket: number, bytes: Uint8Array<ArrayBuffer>): number {
  const sent = symbols().send(socket, bytes, BigInt(bytes.length), MSG.NOSIGNAL);
  return sent >= 0 ? sent : -libc().errno();
}
