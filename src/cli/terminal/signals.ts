/**
 * Signals that end the command: the first one is an orderly end, a second one ends at once.
 *
 * @module
 */

import { EXIT, SIGNALS } from "../exit_codes.ts";

/** Listens from construction to disposal. */
export class EndingSignals implements Disposable {
  readonly #first = Promise.withResolvers<number>();
  readonly #listeners: (readonly [Deno.Signal, () => void])[];
  #heard = false;

  constructor() {
    this.#listeners = Object.entries(SIGNALS).map(([name, number]) => [
      name as Deno.Signal,
      () => this.#hear(number),
    ]);
    for (const [name, listener] of this.#listeners) Deno.addSignalListener(name, listener);
  }

  /** Resolves with the number of the first signal. */
  get first(): Promise<number> {
    return this.#first.promise;
  }

  #hear(number: number): void {
    if (this.#heard) Deno.exit(EXIT.SIGNAL + number); // restores the terminal too: see RawMode
    this.#heard = true;
    this.#first.resolve(number);
  }

  [Symbol.dispose](): void {
    for (const [name, listener] of this.#listeners) Deno.removeSignalListener(name, listener);
  }
}
