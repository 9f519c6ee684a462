/**
 * The terminal in raw mode: each key at once, Ctrl-C and Ctrl-Z included.
 *
 * @module
 */

/** The terminal's input, such as `Deno.stdin`. */
export interface RawCapable {
  setRaw(raw: boolean): void;
}

/**
 * Raw for as long as it is not disposed. The terminal is restored on disposal and, whatever happens, when the process
 * exits by itself, an uncaught error included; signals that end it are turned into an orderly exit elsewhere.
 */
export class RawMode implements Disposable {
  readonly #restore = (): void => {
    try {
      this.stdin.setRaw(false);
    } catch {
      // The terminal is gone, and with it what there was to restore.
    }
  };
  /** Stopped and continued: the shell has put the terminal into its own mode meanwhile. */
  readonly #again = (): void => this.stdin.setRaw(true);

  /** @throws {Deno.errors} if `stdin` is no terminal. */
  constructor(private readonly stdin: RawCapable) {
    stdin.setRaw(true);
    globalThis.addEventListener("unload", this.#restore);
    Deno.addSignalListener("SIGCONT", this.#again);
  }

  [Symbol.dispose](): void {
    globalThis.removeEventListener("unload", this.#restore);
    Deno.removeSignalListener("SIGCONT", this.#again);
    this.#restore();
  }
}
