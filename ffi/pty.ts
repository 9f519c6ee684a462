/**
 * Pseudo-terminals, pty(7).
 *
 * @module
 */

import { O_NOCTTY, O_NONBLOCK, O_RDWR, OwnedFd } from "./fd.ts";
import { ior, iow } from "./ioctl.ts";
import { i32, u32 } from "./layout.ts";
import { check, libc } from "./libc.ts";
import { POLL, PollSet } from "./poll.ts";

/** `asm-generic/ioctls.h` */
export const TTY_IOCTL = {
  TCFLSH: 0x540b,
  /** Bytes that can be read. */
  FIONREAD: 0x541b,
  TIOCGPTN: ior(0x54, 0x30, u32),
  TIOCSPTLCK: iow(0x54, 0x31, i32),
} as const;

/** What TCFLSH discards, `asm-generic/termbits.h`. */
export const FLUSH = { IFLUSH: 0, OFLUSH: 1 } as const;

/** TCSANOW, `asm-generic/termbits.h`. */
export const TCSANOW = 0;
/** At least glibc's `struct termios` (60 bytes), whose fields nobody here looks at. */
const TERMIOS_ROOM = 128;

const SYMBOLS = {
  tcgetattr: { parameters: ["i32", /* int fd */ "buffer" /* struct termios * */], result: "i32" },
  cfmakeraw: { parameters: ["buffer" /* struct termios * */], result: "void" },
  tcsetattr: {
    parameters: ["i32", /* int fd */ "i32", /* int actions */ "buffer" /* const struct termios * */],
    result: "i32",
  },
} as const satisfies Deno.ForeignLibraryInterface;

/** Both ends of a pseudo-terminal. The master never blocks. */
export interface Pty extends Disposable {
  readonly master: OwnedFd;
  /** Kept open so that the master works while nobody else has it open. */
  readonly slave: OwnedFd;
  /** The slave's path, for a terminal program. */
  readonly path: string;
}

/** A new pseudo-terminal in raw mode: bytes pass as they are. Throws KernelError. */
export function openPty(): Pty {
  const held = new DisposableStack();
  try {
    const master = held.use(OwnedFd.open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK));
    const c = libc();
    check(c.ioctl_buffer(master.number, TTY_IOCTL.TIOCSPTLCK, new Int32Array(1)), "ioctl TIOCSPTLCK");
    const number = new Uint32Array(1);
    check(c.ioctl_buffer(master.number, TTY_IOCTL.TIOCGPTN, number), "ioctl TIOCGPTN");
    const path = `/dev/pts/${number[0]}`;
    const slave = held.use(OwnedFd.open(path, O_RDWR | O_NOCTTY | O_NONBLOCK));
    makeRaw(slave.number);
    return { master, slave, path, [Symbol.dispose]: () => held.dispose() };
  } catch (error) {
    held.dispose();
    throw error;
  }
}

/**
 * Bytes that wait for a reader of the slave: 0 exactly if there is none, else a lower bound, as the kernel passes bytes
 * on to the slave in its own time.
 */
export function unreadBytes(slave: number): number {
  const set = new PollSet();
  set.add(slave, POLL.IN);
  set.atMost(0);
  set.wait(); // poll(2) on an empty slave waits for what is on its way (drivers/tty/n_tty.c); FIONREAD does not
  if (set.events(slave) === 0) return 0;
  const count = new Int32Array(1);
  return libc().ioctl_buffer(slave, TTY_IOCTL.FIONREAD, count) < 0 ? 1 : Math.max(1, count[0]!);
}

/** Discards what the slave's readers have not read: in the slave, and on the way to it. */
export function discardUnread(master: number, slave: number): void {
  libc().ioctl_int(master, TTY_IOCTL.TCFLSH, FLUSH.OFLUSH);
  libc().ioctl_int(slave, TTY_IOCTL.TCFLSH, FLUSH.IFLUSH);
}

function makeRaw(fd: number): void {
  const library = Deno.dlopen("libc.so.6", SYMBOLS); // used once: not worth keeping
  try {
    const c = library.symbols;
    const settings = new Uint8Array(TERMIOS_ROOM);
    check(c.tcgetattr(fd, settings), "tcgetattr");
    c.cfmakeraw(settings);
    check(c.tcsetattr(fd, TCSANOW, settings), "tcsetattr");
  } finally {
    library.close();
  }
}
