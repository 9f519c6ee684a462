/**
 * File descriptors with an owner.
 *
 * @module
 */

import { check, cString, libc } from "./libc.ts";

/** Flags of open(2), `asm-generic/fcntl.h`. */
export const O_WRONLY = 1;
export const O_RDWR = 2;
export const O_CREAT = 0o100;
/** With O_CREAT: fails where there is something already. */
export const O_EXCL = 0o200;
/** A terminal does not become this process's own. */
export const O_NOCTTY = 0o400;
export const O_NONBLOCK = 0o4000;
/** Close on exec: no child inherits it. */
export const O_CLOEXEC = 0o2000000;

/** A file descriptor that is closed once, by its owner. */
export class OwnedFd implements Disposable {
  #fd: number;

  /** Takes over `fd`, which must be open and belong to nobody else. */
  constructor(fd: number) {
    this.#fd = fd;
  }

  /** Opens a file; `mode` is for one that O_CREAT creates. Throws KernelError. */
  static open(path: string, flags: number, mode = 0): OwnedFd {
    return new OwnedFd(check(libc().open(cString(path), flags | O_CLOEXEC, mode), `open ${path}`));
  }

  /** The number, for system calls; −1 once closed, so that a late use fails and cannot hit another file. */
  get number(): number {
    return this.#fd;
  }

  /** Gives it up: the number is the caller's to close. */
  release(): number {
    const fd = this.#fd;
    this.#fd = -1;
    return fd;
  }

  /** Closes it; more than once is no error. */
  [Symbol.dispose](): void {
    if (this.#fd < 0) return;
    libc().close(this.#fd);
    this.#fd = -1;
  }
}
