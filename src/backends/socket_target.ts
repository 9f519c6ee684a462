/**
 * The serial target `unix:PATH`: a socket that one client at a time connects to.
 *
 * @module
 */

import { ERRNO } from "../../ffi/errno.ts";
import type { OwnedFd } from "../../ffi/fd.ts";
import { unlink } from "../../ffi/files.ts";
import { libc } from "../../ffi/libc.ts";
import { POLL, type PollSet } from "../../ffi/poll.ts";
import { acceptClient, listenUnix, sendTo, SOCKET_PATH_MAX } from "../../ffi/socket.ts";
import { UserError } from "../errors.ts";
import { absolute, cannotCreate } from "./named_files.ts";
import type { FarEnd } from "./far_end.ts";
import type { OpenTarget } from "./open_target.ts";

/** Input of a leaving client that is read and thrown away, so that it gets an orderly end: this many reads. */
const LEAVING_READS = 64;
const NOTHING = new Uint8Array(0);

/** Listens at a new path. Throws UserError if there is something at that path already. */
export function openSocket(path: string, field: string): OpenTarget {
  const length = new TextEncoder().encode(path).length;
  if (length > SOCKET_PATH_MAX) {
    throw new UserError(
      `${field}: a socket's path has at most ${SOCKET_PATH_MAX} bytes, this one ${length}`,
      {
        field,
        hint: "Use a relative path, or a directory with a shorter name.",
      },
    );
  }
  const whole = absolute(path);
  try {
    const listener = listenUnix(path);
    return {
      orders: { kind: "socket", listener: listener.number },
      path,
      close() {
        listener[Symbol.dispose]();
        unlink(whole);
      },
    };
  } catch (error) {
    throw cannotCreate(path, field, error);
  }
}

/**
 * Serves the client that is connected; another one is turned away. Without a client, output is dropped; with one that
 * does not read, the guest waits, as nothing that it wrote is to be lost.
 *
 * A client may end its own direction and read on: it is gone when it has closed both.
 */
export class SocketEnd implements FarEnd {
  readonly unread = 0; // what a socket has taken its client can read, also after the close
  #client: OwnedFd | undefined;
  #readable = false;
  #inputEnded = false;
  #outputEnded = false;

  constructor(private readonly listener: number) {}

  write(bytes: Uint8Array<ArrayBuffer>): number {
    if (this.#client === undefined || this.#outputEnded) return bytes.length;
    const sent = sendTo(this.#client.number, bytes);
    if (sent >= 0) return sent;
    if (sent === -ERRNO.EAGAIN || sent === -ERRNO.EINTR) return 0;
    this.#outputEnded = true;
    return bytes.length;
  }

  read(into: Uint8Array<ArrayBuffer>): number {
    if (this.#client === undefined || !this.#readable) return 0;
    this.#readable = false;
    const c = libc();
    const count = c.read(this.#client.number, into, BigInt(into.length));
    if (count > 0) return count;
    if (count === 0) this.#inputEnded = true;
    else if (c.errno() !== ERRNO.EAGAIN && c.errno() !== ERRNO.EINTR) this.#leave();
    return 0;
  }

  watch(set: PollSet, blocked: boolean, room: boolean): void {
    set.add(this.listener, POLL.IN);
    if (this.#client === undefined) return;
    const events = (room && !this.#inputEnded ? POLL.IN : 0) | (blocked ? POLL.OUT : 0);
    // A client that left is reported again and again: only look when that can be dealt with.
    if (events !== 0 || this.#inputEnded) set.add(this.#client.number, events);
  }

  attend(set: PollSet): void {
    if (this.#client !== undefined) {
      const events = set.events(this.#client.number);
      if ((events & POLL.IN) !== 0) this.#readable = true;
      if ((events & (POLL.HUP | POLL.ERR)) !== 0) {
        this.#outputEnded = true;
        if (this.#inputEnded) this.#leave();
      }
    }
    if ((set.events(this.listener) & POLL.IN) !== 0) this.#accept();
  }

  /** Sends the client away. */
  [Symbol.dispose](): void {
    this.#leave();
  }

  #accept(): void {
    for (let caller = acceptClient(this.listener); caller; caller = acceptClient(this.listener)) {
      // Input that the guest does not take keeps a client that has left: then the new one has its place.
      if (this.#client !== undefined && sendTo(this.#client.number, NOTHING) === -ERRNO.EPIPE) this.#leave();
      if (this.#client === undefined) this.#client = caller;
      else caller[Symbol.dispose]();
    }
  }

  #leave(): void {
    const client = this.#client;
    if (client === undefined) return;
    const rest = new Uint8Array(4096);
    for (let i = 0; i < LEAVING_READS && libc().read(client.number, rest, BigInt(rest.length)) > 0; i++);
    client[Symbol.dispose]();
    this.#client = undefined;
    this.#readable = this.#inputEnded = this.#outputEnded = false;
  }
}
