/**
 * A serial target that is a file descriptor, as the machine's owner holds it.
 *
 * @module
 */

/** How the I/O worker reaches an opened target: plain data. The fds are the owner's. */
export type FarEndOrders =
  | { readonly kind: "file"; readonly fd: number }
  | { readonly kind: "socket"; readonly listener: number }
  | { readonly kind: "pty"; readonly master: number; readonly slave: number };

/** A target, from its opening until the machine has ended. */
export interface OpenTarget {
  readonly orders: FarEndOrders;
  /** Where somebody else can connect to it. */
  readonly path?: string;
  /**
   * Closes it and removes what must not stay. Not `used`: no machine ever wrote to it, so nothing of it stays. Only
   * when the I/O worker has ended.
   */
  close(used: boolean): void;
}
