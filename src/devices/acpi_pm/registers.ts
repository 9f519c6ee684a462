/**
 * ACPI fixed hardware: where this board's power management registers lie in their block, and their bits.
 *
 * Bits are those of ACPI 6.5 §4.8.3 (PM1 status, enable and control; PM timer) and §4.8.4 (general-purpose events).
 *
 * @module
 */

/** Offsets in the block; the FADT tells the guest the same places as absolute ports. */
export const PM_REG = {
  PM1_STATUS: 0x00,
  PM1_ENABLE: 0x02,
  PM1_CONTROL: 0x04,
  TIMER: 0x08,
  GPE0_STATUS: 0x20,
  GPE0_ENABLE: 0x22,
} as const;

/** Length of the block in ports. */
export const PM_BLOCK_SIZE = 0x24;

/** PM1 status, and enable at the same places (tables 4.13 and 4.14). */
export const PM1 = {
  TIMER: 1 << 0,
  GLOBAL_LOCK: 1 << 5,
  POWER_BUTTON: 1 << 8,
  SLEEP_BUTTON: 1 << 9,
  RTC: 1 << 10,
  /** Status only: the system woke from a sleeping state. */
  WAKE: 1 << 15,
  /** The events that can be enabled. */
  EVENTS: 0x0721,
  /** The status bits that exist. */
  STATUS: 0x8721,
} as const;

/** PM1 control (table 4.15). */
export const PM1_CONTROL = {
  /** Events raise SCI. This board has no legacy mode, so the bit is always set. */
  SCI_ENABLE: 1 << 0,
  BUS_MASTER_RELOAD: 1 << 1,
  SLEEP_TYPE_SHIFT: 10,
  SLEEP_TYPE: 7 << 10,
  /** Write-only: enter the state of SLEEP_TYPE. */
  SLEEP_ENABLE: 1 << 13,
} as const;

/** Counts of the PM timer in a millisecond: 3.579545 MHz (§4.8.3.3). */
export const PM_TIMER_PER_MS = 3579.545;
/** The timer's top bit changes every so many counts (§4.8.3.3), about ten minutes. */
export const PM_TIMER_HALF = 2 ** 31;
