/**
 * A serial port's output as text that can be waited for.
 *
 * @module
 */

import type { SerialConsole } from "../../mod.ts";

/** Characters at each end of the output that an error shows. */
const SHOWN = 4000;

/** Reads a port from its first byte on, and types at it. */
export class ConsoleText {
  /** Everything so far, with the terminal's CR LF as plain newlines. */
  text = "";
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  #seen = 0;
  #ended = false;
  #news = Promise.withResolvers<void>();

  constructor(port: SerialConsole) {
    this.#writer = port.writable.getWriter();
    this.#collect(port.readable);
  }

  /** No more will come. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Types; resolves when the port has taken it. */
  async type(text: string): Promise<void> {
    await this.#writer.write(new TextEncoder().encode(text));
  }

  /** Nothing more will be typed. */
  async close(): Promise<void> {
    await this.#writer.close();
  }

  /**
   * Waits for the pattern behind all that was waited for before.
   *
   * @throws {Error} that shows the end of the output, when the time is up or the port has ended.
   */
  async find(pattern: RegExp, seconds: number): Promise<RegExpExecArray> {
    const late = Promise.withResolvers<void>();
    let expired = false;
    const timer = setTimeout(() => {
      expired = true;
      late.resolve();
    }, seconds * 1000);
    try {
      for (;;) {
        const match = pattern.exec(this.text.slice(this.#seen));
        if (match !== null) {
          this.#seen += match.index + match[0].length;
          return match;
        }
        if (this.#ended) throw this.missing(pattern, "before the console ended");
        if (expired) throw this.missing(pattern, `within ${seconds} s`);
        await Promise.race([this.#news.promise, late.promise]);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /** Resolves when no more will come. */
  async end(): Promise<void> {
    while (!this.#ended) await this.#news.promise;
  }

  /** An error that shows what there was instead. */
  missing(what: unknown, when: string): Error {
    const { text } = this;
    const shown = text.length <= 2 * SHOWN ? text : `${text.slice(0, SHOWN)}\n[…]\n${text.slice(-SHOWN)}`;
    return new Error(`no ${what} ${when}; the console said:\n${shown}`);
  }

  async #collect(readable: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const bytes of readable) {
      this.text = (this.text + decoder.decode(bytes, { stream: true })).replaceAll("\r\n", "\n");
      this.#tell();
    }
    this.#ended = true;
    this.#tell();
  }

  #tell(): void {
    this.#news.resolve();
    this.#news = Promise.withResolvers();
  }
}
