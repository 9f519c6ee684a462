/**
 * The escape key: Ctrl-A, then a letter, is for Denovisor; everything else is for the guest.
 *
 * @module
 */

/** What a user asks of Denovisor at the console. */
export type EscapeCommand =
  | "end"
  | "help"
  | "pause"
  | "power-button"
  | "ctrl-alt-del"
  | "window-size"
  | "trace";

/** Ctrl-A (ASCII SOH). */
const ESCAPE = 0x01;

const KEYS: Readonly<Record<string, EscapeCommand>> = {
  x: "end",
  h: "help",
  "?": "help",
  p: "pause",
  b: "power-button",
  c: "ctrl-alt-del",
  w: "window-size",
  t: "trace",
};

/** Shown on Ctrl-A h. */
export const ESCAPE_HELP = `Keys after Ctrl-A:
  x  end the guest at once       b  press the power button
  p  pause, and resume           c  Ctrl-Alt-Del
  w  type the window size        t  trace on and off (with --trace)
  a  (or Ctrl-A) send Ctrl-A     h  this help
`;

/** Where input goes once it is sorted. */
export interface EscapeSink {
  /** Bytes for the guest, a part of the chunk given or a byte of its own. */
  guest(bytes: Uint8Array): void;
  command(command: EscapeCommand): void;
  /** Ctrl-A and a key that means nothing. */
  unknown(): void;
}

/** Sorts what is typed. It keeps one bit: whether the last byte was an escape. */
export class EscapeKeys {
  #escaped = false;

  constructor(private readonly sink: EscapeSink) {}

  /** Takes the next bytes, in chunks as they come. */
  feed(chunk: Uint8Array): void {
    let start = 0; // of the bytes not passed on yet
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i]!;
      if (this.#escaped) {
        this.#escaped = false;
        start = i + 1;
        this.#escape(byte);
      } else if (byte === ESCAPE) {
        if (i > start) this.sink.guest(chunk.subarray(start, i));
        this.#escaped = true;
        start = i + 1;
      }
    }
    if (start < chunk.length) this.sink.guest(chunk.subarray(start));
  }

  #escape(byte: number): void {
    const key = String.fromCharCode(byte).toLowerCase();
    if (byte === ESCAPE || key === "a") return this.sink.guest(Uint8Array.of(ESCAPE));
    const command = Object.hasOwn(KEYS, key) ? KEYS[key] : undefined;
    if (command === undefined) this.sink.unknown();
    else this.sink.command(command);
  }
}
