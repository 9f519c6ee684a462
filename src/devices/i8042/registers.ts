/**
 * Ports, bits and commands of the PC's keyboard controller and its keyboard.
 *
 * Sources: IBM PS/2 Hardware Interface Technical Reference, "Keyboard and Auxiliary Device Controller" and
 * "Keyboards (101- and 102-Key)".
 *
 * @module
 */

/** Offsets from port 0x60. */
export const I8042_PORT = { DATA: 0, COMMAND_STATUS: 4 } as const;

/** Status register. */
export const STATUS = {
  OUTPUT_FULL: 0x01,
  /** Follows bit 2 of the command byte: the self-test has passed. */
  SYSTEM: 0x04,
  /** The last write was to the command port. */
  COMMAND: 0x08,
  /** The keyboard lock is open. */
  UNLOCKED: 0x10,
} as const;

/** Controller command byte, byte 0 of the controller's RAM. */
export const COMMAND_BYTE = {
  KEYBOARD_INTERRUPT: 0x01,
  SYSTEM: 0x04,
  KEYBOARD_DISABLED: 0x10,
  AUXILIARY_DISABLED: 0x20,
  TRANSLATE: 0x40,
} as const;

/** Commands to port 0x64. */
export const CONTROLLER = {
  /** 0x20 to 0x3f, 0x60 to 0x7f: a byte of the controller's RAM. */
  READ_RAM: 0x20,
  WRITE_RAM: 0x60,
  RAM_SIZE: 32,
  DISABLE_AUXILIARY: 0xa7,
  ENABLE_AUXILIARY: 0xa8,
  TEST_AUXILIARY: 0xa9,
  SELF_TEST: 0xaa,
  TEST_KEYBOARD: 0xab,
  DISABLE_KEYBOARD: 0xad,
  ENABLE_KEYBOARD: 0xae,
  READ_INPUT_PORT: 0xc0,
  READ_OUTPUT_PORT: 0xd0,
  WRITE_OUTPUT_PORT: 0xd1,
  WRITE_KEYBOARD_BUFFER: 0xd2,
  WRITE_AUXILIARY_BUFFER: 0xd3,
  WRITE_AUXILIARY: 0xd4,
  DISABLE_A20: 0xdd,
  ENABLE_A20: 0xdf,
  /** 0xf0 to 0xff: pulls low those of the output port's lower four bits that are 0 in the command. */
  PULSE: 0xf0,
} as const;

/** Answers of the controller. */
export const RESULT = {
  SELF_TEST_PASSED: 0x55,
  PORT_TEST_PASSED: 0x00,
  /** Auxiliary port test: clock line stuck high, as with no device and no pull-down. */
  CLOCK_STUCK_HIGH: 0x02,
  /** Input port: keyboard not locked. */
  INPUT_PORT: 0x80,
} as const;

/** Output port. Bit 0 low resets the processor. */
export const OUTPUT_PORT = { NOT_RESET: 0x01, A20: 0x02, OUTPUT_FULL: 0x10, KEYBOARD_IDLE: 0xc0 } as const;

/** Commands to the keyboard. */
export const KEYBOARD = {
  SET_LEDS: 0xed,
  ECHO: 0xee,
  SCAN_SET: 0xf0,
  IDENTIFY: 0xf2,
  TYPEMATIC: 0xf3,
  ENABLE: 0xf4,
  DEFAULT_DISABLE: 0xf5,
  SET_DEFAULT: 0xf6,
  RESEND: 0xfe,
  RESET: 0xff,
} as const;

/** Answers of the keyboard. */
export const REPLY = {
  ACK: 0xfa,
  SELF_TEST_PASSED: 0xaa,
  RESEND: 0xfe,
  ECHO: 0xee,
  ID: [0xab, 0x83],
} as const;
