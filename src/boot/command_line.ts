/**
 * The kernel's command line, checked and placed.
 *
 * @module
 */

import { GPA } from "../board/addresses.ts";
import { UserError } from "../errors.ts";
import type { GuestRam } from "../memory/guest_memory.ts";

/** Bytes at GPA.COMMAND_LINE for the command line and the modules' own, each with its final NUL. */
export const COMMAND_LINE_AREA = 64 * 1024;
/** The longest command line that the area holds, without the NUL. */
export const LONGEST_COMMAND_LINE = COMMAND_LINE_AREA - 1;
/** What Linux on x86 keeps of a command line, without the NUL (COMMAND_LINE_SIZE, arch/x86/include/asm/setup.h). */
export const LINUX_COMMAND_LINE = 2047;

/**
 * The bytes of a command line without its NUL.
 *
 * @param limit the most bytes that the kernel takes, the NUL not counted.
 * @throws {UserError} if it is longer, or holds a NUL, at which the kernel would cut it short.
 */
export function encodeCommandLine(text: string, limit: number, field = "cmdline"): Uint8Array {
  const bytes = new TextEncoder().encode(text);
  const nul = bytes.indexOf(0);
  if (nul >= 0) {
    throw new UserError(`the command line holds a NUL character, as byte ${nul}`, {
      field,
      hint: "The kernel would ignore all that follows it: remove it.",
    });
  }
  if (bytes.length > limit) {
    throw new UserError(`the command line is ${bytes.length} bytes long, and this kernel takes ${limit}`, {
      field,
      hint: `Shorten it by ${bytes.length - limit} bytes.`,
    });
  }
  return bytes;
}

/** Hands out the area at GPA.COMMAND_LINE, string after string. Plans first, so that nothing is written too early. */
export class CommandLineArea {
  readonly #strings: { readonly gpa: number; readonly bytes: Uint8Array }[] = [];
  #end = 0;

  /** Bytes used so far. */
  get size(): number {
    return this.#end;
  }

  /**
   * Reserves room for a string and its NUL, and returns its guest-physical address.
   *
   * @throws {UserError} if the area is full.
   */
  add(bytes: Uint8Array): number {
    const gpa = GPA.COMMAND_LINE + this.#end;
    this.#end += bytes.length + 1;
    if (this.#end > COMMAND_LINE_AREA) {
      throw new UserError(
        `the command lines of kernel and modules take ${this.#end} bytes together, ` +
          `and the most is ${COMMAND_LINE_AREA}`,
        { field: "modules" },
      );
    }
    this.#strings.push({ gpa, bytes });
    return gpa;
  }

  /** Writes all strings. */
  write(ram: GuestRam): void {
    for (const { gpa, bytes } of this.#strings) {
      const view = ram.view(gpa, bytes.length + 1);
      view.set(bytes);
      view[bytes.length] = 0;
    }
  }
}
