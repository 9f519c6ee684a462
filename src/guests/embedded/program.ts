/**
 * The assembler that the guest's rooms share: adds a pool of texts.
 *
 * Calling convention of all routines: arguments in rdi or in rsi and ecx (text and its length), result in rax;
 * rbx, rbp and r12–r15 are preserved, everything else is not. Labels are `room.routine`.
 *
 * @module
 */

import { Assembler } from "../asm/assembler.ts";
import { ecx, m8, rsi } from "../asm/operands.ts";
import { AT } from "./layout.ts";

/** Assembles the guest. */
export class GuestProgram extends Assembler {
  readonly #texts = new Map<string, string>();

  constructor() {
    super(AT.IMAGE, 32);
  }

  /** Prints a text; `\n` becomes a carriage return and a line feed, as a serial terminal wants. */
  say(text: string): void {
    this.loadText(text);
    this.call("uart.print");
  }

  /** Loads a text's address into rsi and its length into ecx. */
  loadText(text: string): void {
    const bytes = text.replaceAll("\n", "\r\n");
    const label = this.#texts.get(bytes) ?? `text.${this.#texts.size}`;
    this.#texts.set(bytes, label);
    this.lea(rsi, m8(label));
    this.mov(ecx, bytes.length);
  }

  /** Writes out the pool of texts. Last of all rooms. */
  texts(): void {
    for (const [bytes, label] of this.#texts) {
      this.bind(label);
      this.text(bytes);
    }
  }
}
