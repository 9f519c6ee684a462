/**
 * The PC's keyboard controller (8042) with a keyboard on port 1 and nothing on port 2.
 *
 * @module
 */
import type { GuestRequests, IoDevice, IrqPin } from "../../bus/device.ts";
import { Keyboard } from "./keyboard.ts";
import { COMMAND_BYTE, CONTROLLER, I8042_PORT, OUTPUT_PORT, RESULT, STATUS } from "./registers.ts";
import { BREAK_BIT, BREAK_PREFIX, translate } from "./scancodes.ts";
import type { I8042View } from "./state.ts";

/**
 * The controller. It is never busy, and every command of the PS/2's set that has an answer is answered: drivers wait up
 * to half a second for one that does not come. There is no auxiliary port: its test fails, and a byte written to its
 * buffer comes back as the keyboard's, which is how Linux tells at once that there is no mouse.
 *
 * Offset 0 is the data port 0x60, offset 4 the command and status port 0x64; those between float.
 */
export class I8042 implements IoDevice {
  readonly maxWidth = 1;
  readonly #state: I8042View;
  readonly #pin: IrqPin;
  readonly #requests: GuestRequests;
  readonly #keyboard: Keyboard;

  /** Covers 5 offsets. Changes nothing in `state`: see `resetI8042`. */
  constructor(state: I8042View, keyboardPin: IrqPin, requests: GuestRequests) {
    this.#state = state;
    this.#pin = keyboardPin;
    this.#requests = requests;
    this.#keyboard = new Keyboard(state.keyboard);
  }

  read(offset: number, _width: number): number {
    if (offset === I8042_PORT.DATA) return this.#readData();
    if (offset === I8042_PORT.COMMAND_STATUS) return this.#status;
    return 0xff;
  }

  write(offset: number, _width: number, value: number): void {
    if (offset === I8042_PORT.DATA) this.#writeData(value & 0xff);
    else if (offset === I8042_PORT.COMMAND_STATUS) this.#writeCommand(value & 0xff);
    else return;
    this.#fillOutput();
  }

  /**
   * Host: presses Ctrl-Alt-Del. Call it under the device's lock.
   * @returns false if the guest has switched the keyboard off or has left earlier keys unread
   */
  pressCtrlAltDelete(): boolean {
    const pressed = this.#keyboard.pressCtrlAltDelete();
    this.#fillOutput();
    return pressed;
  }

  get #status(): number {
    const s = this.#state;
    return STATUS.UNLOCKED | (s.outputFull !== 0 ? STATUS.OUTPUT_FULL : 0) |
      ((s.ram[0]! & COMMAND_BYTE.SYSTEM) !== 0 ? STATUS.SYSTEM : 0) |
      (s.lastWasCommand !== 0 ? STATUS.COMMAND : 0);
  }

  /** The interrupt falls with the byte that is read and rises with the next: one edge for each byte. */
  #readData(): number {
    const s = this.#state;
    const byte = s.output;
    s.outputFull = 0;
    this.#pin.set(false);
    this.#fillOutput();
    return byte;
  }

  #writeData(byte: number): void {
    const s = this.#state;
    const command = s.command;
    s.command = 0;
    s.lastWasCommand = 0;
    if (command >= CONTROLLER.WRITE_RAM && command < CONTROLLER.WRITE_RAM + CONTROLLER.RAM_SIZE) {
      s.ram[command - CONTROLLER.WRITE_RAM] = byte;
      return;
    }
    switch (command) {
      case CONTROLLER.WRITE_OUTPUT_PORT:
        s.outputPort = (byte & OUTPUT_PORT.A20) | OUTPUT_PORT.NOT_RESET | OUTPUT_PORT.KEYBOARD_IDLE;
        if ((byte & OUTPUT_PORT.NOT_RESET) === 0) this.#requests.request("reset");
        return;
      case CONTROLLER.WRITE_KEYBOARD_BUFFER:
      case CONTROLLER.WRITE_AUXILIARY_BUFFER:
        return this.#answer(byte);
      case CONTROLLER.WRITE_AUXILIARY:
        return; // Nobody there.
    }
    // Talking to the keyboard switches its port on.
    s.ram[0] = s.ram[0]! & ~COMMAND_BYTE.KEYBOARD_DISABLED;
    this.#keyboard.receive(byte);
  }

  #writeCommand(command: number): void {
    const s = this.#state;
    s.lastWasCommand = 1;
    s.command = 0;
    if (command >= CONTROLLER.PULSE) {
      if ((command & OUTPUT_PORT.NOT_RESET) === 0) this.#requests.request("reset");
      return;
    }
    if (command >= CONTROLLER.READ_RAM && command < CONTROLLER.READ_RAM + CONTROLLER.RAM_SIZE) {
      return this.#answer(s.ram[command - CONTROLLER.READ_RAM]!);
    }
    if (command >= CONTROLLER.WRITE_RAM && command < CONTROLLER.WRITE_RAM + CONTROLLER.RAM_SIZE) {
      s.command = command;
      return;
    }
    switch (command) {
      case CONTROLLER.DISABLE_AUXILIARY:
        return this.#setCommandBit(COMMAND_BYTE.AUXILIARY_DISABLED, true);
      case CONTROLLER.ENABLE_AUXILIARY:
        return this.#setCommandBit(COMMAND_BYTE.AUXILIARY_DISABLED, false);
      case CONTROLLER.DISABLE_KEYBOARD:
        return this.#setCommandBit(COMMAND_BYTE.KEYBOARD_DISABLED, true);
      case CONTROLLER.ENABLE_KEYBOARD:
        return this.#setCommandBit(COMMAND_BYTE.KEYBOARD_DISABLED, false);
      case CONTROLLER.SELF_TEST:
        this.#setCommandBit(COMMAND_BYTE.SYSTEM, true);
        return this.#answer(RESULT.SELF_TEST_PASSED);
      case CONTROLLER.TEST_KEYBOARD:
        return this.#answer(RESULT.PORT_TEST_PASSED);
      case CONTROLLER.TEST_AUXILIARY:
        return this.#answer(RESULT.CLOCK_STUCK_HIGH);
      case CONTROLLER.READ_INPUT_PORT:
        return this.#answer(RESULT.INPUT_PORT);
      case CONTROLLER.READ_OUTPUT_PORT:
        return this.#answer(s.outputPort | (s.outputFull !== 0 ? OUTPUT_PORT.OUTPUT_FULL : 0));
      case CONTROLLER.DISABLE_A20:
        s.outputPort &= ~OUTPUT_PORT.A20;
        return;
      case CONTROLLER.ENABLE_A20:
        s.outputPort |= OUTPUT_PORT.A20;
        return;
      case CONTROLLER.WRITE_OUTPUT_PORT:
      case CONTROLLER.WRITE_KEYBOARD_BUFFER:
      case CONTROLLER.WRITE_AUXILIARY_BUFFER:
      case CONTROLLER.WRITE_AUXILIARY:
        s.command = command;
    }
  }

  #setCommandBit(bit: number, set: boolean): void {
    const ram = this.#state.ram;
    ram[0] = set ? ram[0]! | bit : ram[0]! & ~bit;
  }

  /** The controller's own answers go before the keyboard's bytes. */
  #answer(byte: number): void {
    this.#state.answer = byte;
    this.#state.answerWaits = 1;
  }

  /** Puts the next byte into the output buffer, if that is free, and sets the interrupt line. */
  #fillOutput(): void {
    const s = this.#state;
    if (s.outputFull === 0 && s.answerWaits !== 0) {
      s.answerWaits = 0;
      s.output = s.answer;
      s.outputFull = 1;
    }
    const open = (s.ram[0]! & COMMAND_BYTE.KEYBOARD_DISABLED) === 0;
    while (s.outputFull === 0 && open && this.#keyboard.waiting > 0) this.#takeFromKeyboard();
    this.#pin.set(s.outputFull !== 0 && (s.ram[0]! & COMMAND_BYTE.KEYBOARD_INTERRUPT) !== 0);
  }

  #takeFromKeyboard(): void {
    const s = this.#state;
    const byte = this.#keyboard.take();
    if ((s.ram[0]! & COMMAND_BYTE.TRANSLATE) === 0) {
      s.output = byte;
    } else if (byte === BREAK_PREFIX) {
      s.breakNext = 1;
      return;
    } else {
      s.output = translate(byte) | (s.breakNext !== 0 ? BREAK_BIT : 0);
      s.breakNext = 0;
    }
    s.outputFull = 1;
  }
}
