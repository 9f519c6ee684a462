/**
 * Registers of the CMOS real-time clock: the MC146818A's fourteen (Motorola datasheet, "Address Map" and "Registers")
 * and the bytes of its RAM that a PC's BIOS keeps for operating systems.
 *
 * @module
 */

/** Bytes behind the index register. */
export const CMOS_SIZE = 128;

/** Indices of the clock's own registers. */
export const RTC_REG = {
  SECONDS: 0x00,
  SECONDS_ALARM: 0x01,
  MINUTES: 0x02,
  MINUTES_ALARM: 0x03,
  HOURS: 0x04,
  HOURS_ALARM: 0x05,
  /** 1 is Sunday. */
  DAY_OF_WEEK: 0x06,
  DAY: 0x07,
  MONTH: 0x08,
  YEAR: 0x09,
  A: 0x0a,
  B: 0x0b,
  C: 0x0c,
  D: 0x0d,
  /** In RAM by the PC's custom; the FADT's CENTURY field names it (ACPI 6.5 §5.2.9). */
  CENTURY: 0x32,
} as const;

/** Register A: update in progress, divider control, periodic rate. */
export const RTC_A = {
  UIP: 0x80,
  /** Both set: the divider is held in reset. */
  DIVIDER_RESET: 0x60,
  RATE: 0x0f,
  /** 32768 Hz crystal, 1024 Hz periodic rate: what BIOSes leave. */
  BIOS: 0x26,
} as const;

/** Register B. The enable bits have the places of the flags in C. */
export const RTC_B = { SET: 0x80, BINARY: 0x04, HOURS_24: 0x02 } as const;

/** Register C: flags, and the interrupt they make. */
export const RTC_C = { IRQF: 0x80, PERIODIC: 0x40, ALARM: 0x20, UPDATE: 0x10, FLAGS: 0x70 } as const;

/** Register D: valid RAM and time, that is, the battery is good. */
export const RTC_D_VALID = 0x80;

/** Hours register, 12-hour mode: afternoon. */
export const HOUR_PM = 0x80;
/** An alarm byte with both set matches anything. */
export const ALARM_ANY = 0xc0;

/** BIOS bytes in the RAM (IBM PC/AT Technical Reference, "CMOS RAM"; 0x34 and up: as SeaBIOS and QEMU use them). */
export const CMOS = {
  EQUIPMENT: 0x14,
  /** Conventional memory in KiB, 16 bits. */
  BASE_MEMORY: 0x15,
  /** KiB above 1 MiB, 16 bits, twice. */
  EXTENDED_MEMORY: 0x17,
  EXTENDED_MEMORY_FOUND: 0x30,
  CHECKSUM_FIRST: 0x10,
  CHECKSUM_LAST: 0x2d,
  /** Sum of those bytes, high byte first. */
  CHECKSUM: 0x2e,
  /** 64 KiB blocks from 16 MiB up to 4 GiB, 16 bits. */
  MEMORY_ABOVE_16M: 0x34,
  /** 64 KiB blocks above 4 GiB, 24 bits. */
  MEMORY_ABOVE_4G: 0x5b,
} as const;
