/**
 * A PS/2 keyboard: answers the controller's commands and presses the keys that the host asks for.
 *
 * @module
 */
import { KEYBOARD, REPLY } from "./registers.ts";
import { CTRL_ALT_DELETE } from "./scancodes.ts";
import { DEFAULT_SCAN_SET, KEYBOARD_QUEUE, type KeyboardView } from "./state.ts";

/** Behaviour of the keyboard over its state. Knows sets 1 and 2; set 3 is acknowledged and ignored. */
export class Keyboard {
  readonly #state: KeyboardView;

  constructor(state: KeyboardView) {
    this.#state = state;
  }

  /** Bytes that wait to be taken. */
  get waiting(): number {
    return this.#state.queueCount;
  }

  /** The controller takes a byte. Only while {@link waiting}. */
  take(): number {
    const s = this.#state;
    const byte = s.queue[s.queueHead % KEYBOARD_QUEUE]!;
    s.queueHead = (s.queueHead + 1) % KEYBOARD_QUEUE;
    s.queueCount--;
    s.lastSent = byte;
    return byte;
  }

  /** Presses and releases Ctrl-Alt-Del. False if the guest has switched the keyboard off or does not read it. */
  pressCtrlAltDelete(): boolean {
    const s = this.#state;
    const codes = CTRL_ALT_DELETE[s.scanSet] ?? [];
    if (s.scanning === 0 || s.queueCount + codes.length > KEYBOARD_QUEUE) return false;
    for (const code of codes) this.#send(code);
    return true;
  }

  /** A byte from the guest: a command, or the parameter that the last one waits for. */
  receive(byte: number): void {
    const s = this.#state;
    const command = s.command;
    s.command = 0;
    // Parameters are below 0x80; a command instead of one abandons the command before it.
    if (command !== 0 && byte < 0x80) this.#parameter(command, byte);
    else this.#command(byte);
  }

  #parameter(command: number, byte: number): void {
    const s = this.#state;
    this.#send(REPLY.ACK);
    if (command === KEYBOARD.SET_LEDS) s.leds = byte & 7;
    if (command !== KEYBOARD.SCAN_SET) return;
    if (byte === 0) this.#send(s.scanSet);
    else if (byte <= 2) s.scanSet = byte;
  }

  #command(byte: number): void {
    const s = this.#state;
    switch (byte) {
      case KEYBOARD.SET_LEDS:
      case KEYBOARD.SCAN_SET:
      case KEYBOARD.TYPEMATIC:
        s.command = byte;
        return this.#send(REPLY.ACK);
      case KEYBOARD.ECHO:
        return this.#send(REPLY.ECHO);
      case KEYBOARD.IDENTIFY:
        this.#send(REPLY.ACK);
        this.#send(REPLY.ID[0]);
        return this.#send(REPLY.ID[1]);
      case KEYBOARD.ENABLE:
        s.scanning = 1;
        return this.#send(REPLY.ACK);
      case KEYBOARD.DEFAULT_DISABLE:
      case KEYBOARD.SET_DEFAULT:
        this.#setDefaults(byte === KEYBOARD.SET_DEFAULT);
        return this.#send(REPLY.ACK);
      case KEYBOARD.RESEND:
        return this.#send(s.lastSent);
      case KEYBOARD.RESET:
        this.#setDefaults(true);
        s.leds = 0;
        this.#send(REPLY.ACK);
        return this.#send(REPLY.SELF_TEST_PASSED);
      default:
        return this.#send(REPLY.RESEND);
    }
  }

  #setDefaults(scanning: boolean): void {
    const s = this.#state;
    s.queueHead = s.queueCount = 0;
    s.scanSet = DEFAULT_SCAN_SET;
    s.scanning = scanning ? 1 : 0;
  }

  /** A guest that sends commands and never reads loses answers, nothing else. */
  #send(byte: number): void {
    const s = this.#state;
    if (s.queueCount >= KEYBOARD_QUEUE) return;
    s.queue[(s.queueHead + s.queueCount) % KEYBOARD_QUEUE] = byte;
    s.queueCount++;
  }
}
