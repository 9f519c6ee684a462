/**
 * Serial targets that are file descriptors: opened by the machine's owner, used by the I/O worker.
 *
 * @module
 */

import { UserError } from "../errors.ts";
import type { FarEnd, Log } from "./far_end.ts";
import { FileEnd, openFile } from "./file_target.ts";
import type { FarEndOrders, OpenTarget } from "./open_target.ts";
import { openTerminal, PtyEnd } from "./pty_target.ts";
import { openSocket, SocketEnd } from "./socket_target.ts";

/**
 * Opens `pty`, `file:PATH` or `unix:PATH`.
 *
 * @param field the setting's name for messages, for example `serial.0`
 * @throws {UserError} if the path exists or nothing can be made there
 * @throws {HostError} if the host has no pseudo-terminals
 */
export function openTarget(target: string, field: string): OpenTarget {
  if (target === "pty") return openTerminal(field);
  const colon = target.indexOf(":");
  const kind = target.slice(0, colon), path = target.slice(colon + 1);
  if (path.includes("\0")) {
    throw new UserError(`${field}: a path cannot have a NUL character in it: ${JSON.stringify(path)}`, {
      field,
    });
  }
  return kind === "unix" ? openSocket(path, field) : openFile(path, field);
}

/** The I/O worker's side of an opened target. */
export function farEnd(orders: FarEndOrders, name: string, log: Log): FarEnd {
  switch (orders.kind) {
    case "file":
      return new FileEnd(orders.fd, name, log);
    case "socket":
      return new SocketEnd(orders.listener);
    case "pty":
      return new PtyEnd(orders.master, orders.slave);
  }
}
