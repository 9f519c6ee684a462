/**
 * What a character device's far end can do, as the I/O worker uses it.
 *
 * @module
 */

import type { PollSet } from "../../ffi/poll.ts";

/** Takes a machine's own messages. */
export type Log = (level: "info" | "warning" | "error", text: string) => void;

/** Something on the host that takes output and gives input, and never blocks for long. */
export interface FarEnd extends Disposable {
  /**
   * Takes output. Returns how many bytes it is done with: delivered, or dropped because nobody is there or the host
   * refuses them. Fewer than all: it is full for now, and {@link watch} will tell when to go on.
   */
  write(bytes: Uint8Array<ArrayBuffer>): number;

  /** Reads what {@link attend} found; 0 when there is nothing now. */
  read(into: Uint8Array<ArrayBuffer>): number;

  /** Says what to wait for. `blocked`: output waits to be written. `room`: input can be taken. */
  watch(set: PollSet, blocked: boolean, room: boolean): void;

  /** Looks at what came. */
  attend(set: PollSet): void;

  /** Bytes that were written, nobody has read, and would be lost if this closed now. */
  readonly unread: number;
}

/** Swallows everything and says nothing: the far end in place of one that failed. */
export const NOWHERE: FarEnd = {
  write: (bytes) => bytes.length,
  read: () => 0,
  watch() {},
  attend() {},
  unread: 0,
  [Symbol.dispose]() {},
};
