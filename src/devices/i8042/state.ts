/**
 * The keyboard controller and its keyboard as they lie in the machine state.
 *
 * @module
 */
import { array, struct, u8, type View } from "../../../ffi/layout.ts";
import { COMMAND_BYTE, CONTROLLER, OUTPUT_PORT } from "./registers.ts";

/** Bytes that the keyboard keeps until the controller takes them; Ctrl-Alt-Del needs 11. */
export const KEYBOARD_QUEUE = 32;
/** The set that PC keyboards wake up with. */
export const DEFAULT_SCAN_SET = 2;

/** State of the keyboard. */
export const KeyboardState = struct("keyboard_state", {
  queue: array(u8, KEYBOARD_QUEUE),
  queueHead: u8,
  queueCount: u8,
  scanSet: u8,
  /** It sends what is typed. */
  scanning: u8,
  /** The command that waits for its parameter, 0 if none. */
  command: u8,
  lastSent: u8,
  leds: u8,
});

/** State of the controller. Use {@link resetI8042} before the first access. */
export const I8042State = struct("i8042_state", {
  /** Byte 0 is the command byte. */
  ram: array(u8, CONTROLLER.RAM_SIZE),
  output: u8,
  outputFull: u8,
  /** An answer of the controller that waits for the output buffer. */
  answer: u8,
  answerWaits: u8,
  /** The command that waits for its parameter at port 0x60, 0 if none. */
  command: u8,
  /** The last write went to the command port. */
  lastWasCommand: u8,
  outputPort: u8,
  /** Translation has swallowed a break prefix: the next code is a release. */
  breakNext: u8,
  keyboard: KeyboardState,
});

/** A view of {@link KeyboardState}. */
export type KeyboardView = View<typeof KeyboardState>;
/** A view of {@link I8042State}. */
export type I8042View = View<typeof I8042State>;

/** What a BIOS leaves after its power-on test: keyboard on, translated and interrupting, A20 open. */
export function resetI8042(state: I8042View): void {
  state.$bytes.fill(0);
  state.ram[0] = COMMAND_BYTE.KEYBOARD_INTERRUPT | COMMAND_BYTE.SYSTEM | COMMAND_BYTE.AUXILIARY_DISABLED |
    COMMAND_BYTE.TRANSLATE;
  state.outputPort = OUTPUT_PORT.NOT_RESET | OUTPUT_PORT.A20 | OUTPUT_PORT.KEYBOARD_IDLE;
  state.keyboard.scanSet = DEFAULT_SCAN_SET;
  state.keyboard.scanning = 1;
}
