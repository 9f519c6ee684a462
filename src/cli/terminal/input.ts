/**
 * From standard input to the guest.
 *
 * @module
 */

import { EscapeKeys, type EscapeSink } from "./escape_keys.ts";

/** Keys kept for a guest that does not take them; more are dropped, as a full UART drops them. */
const MOST_WAITING = 64 * 1024;

/**
 * Copies a pipe or file to the guest, at the guest's pace. Its end is not the guest's end: a serial line has no
 * end of file.
 */
export async function copyInput(
  from: ReadableStream<Uint8Array>,
  to: WritableStreamDefaultWriter<Uint8Array>,
): Promise<void> {
  for await (const chunk of from) await to.write(chunk);
}

/** Copies keys to the guest and commands to `commands`, never waiting: Ctrl-A x must work when the guest is stuck. */
export async function copyKeys(
  from: ReadableStream<Uint8Array>,
  to: WritableStreamDefaultWriter<Uint8Array>,
  commands: Omit<EscapeSink, "guest">,
): Promise<void> {
  let waiting = 0;
  const keys = new EscapeKeys({
    command: (command) => commands.command(command),
    unknown: () => commands.unknown(),
    guest(bytes) {
      if (waiting + bytes.length > MOST_WAITING) return;
      waiting += bytes.length;
      const taken = () => void (waiting -= bytes.length);
      to.write(bytes).then(taken, taken); // an error is the guest's end, of which others tell
    },
  });
  for await (const chunk of from) keys.feed(chunk);
}
