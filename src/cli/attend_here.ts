/**
 * A guest on this process's own standard streams.
 *
 * @module
 */

import type { Vm } from "../vm.ts";
import { say, tell } from "./output.ts";
import { styleFor } from "./style.ts";
import { attend, type AttendedEnd, type AttendOptions } from "./terminal/attend.ts";

export { EndingSignals } from "./terminal/signals.ts";

/** How a guest is attended here. */
export interface AttendHereOptions extends Omit<AttendOptions, "streams"> {
  /** Say nothing that the guest did not. */
  readonly quiet: boolean;
}

/** Tells what a person must know, then carries the guest's console to its end. Throws as {@linkcode attend}. */
export async function attendHere(guest: Vm, { quiet, ...options }: AttendHereOptions): Promise<AttendedEnd> {
  if (!quiet) announce(guest);
  using stdout = new LineKeeper();
  return await attend(guest, { ...options, streams: { stdin: Deno.stdin, stdout, tell } });
}

function announce(guest: Vm): void {
  for (const { name, target, path } of guest.serial) {
    if (path !== undefined) say(`${name} is ${target.startsWith("unix:") ? "the socket " : ""}${path}`);
  }
  const hasConsole = guest.serial.some(({ console }) => console !== undefined);
  if (hasConsole && Deno.stdin.isTerminal() && Deno.stderr.isTerminal()) {
    tell(`${styleFor(Deno.stderr).dim("denovisor: Ctrl-A x ends the guest, Ctrl-A h helps")}\n`);
  }
}

const NEWLINE = 0x0a;

/** Standard output; on a terminal it is left at the start of a line, for the words of whoever comes next. */
class LineKeeper implements Disposable {
  #inLine = false;

  async write(bytes: Uint8Array): Promise<number> {
    const count = await Deno.stdout.write(bytes);
    if (count > 0) this.#inLine = bytes[count - 1] !== NEWLINE;
    return count;
  }

  [Symbol.dispose](): void {
    if (this.#inLine && Deno.stdout.isTerminal()) tell("\n");
  }
}
