/**
 * Registers and bits of the 16550A, named as in National Semiconductor's PC16550D datasheet, Table II
 * ("Summary of Registers").
 *
 * @module
 */

/** Register offsets, by the three address lines; which one an offset means depends on direction and LCR.DLAB. */
export const REG = {
  /** Read: receive buffer. Write: transmit holding register. With DLAB: low byte of the divisor. */
  RBR_THR_DLL: 0,
  /** Interrupt enable. With DLAB: high byte of the divisor. */
  IER_DLM: 1,
  /** Read: interrupt identification. Write: FIFO control. */
  IIR_FCR: 2,
  LCR: 3,
  MCR: 4,
  LSR: 5,
  MSR: 6,
  SCR: 7,
} as const;

/** Interrupt enable register (§8.7). The upper four bits always read 0. */
export const IER = {
  RECEIVED: 0x01,
  THR_EMPTY: 0x02,
  LINE_STATUS: 0x04,
  MODEM_STATUS: 0x08,
  MASK: 0x0f,
} as const;

/** Interrupt identification (§8.6, Table IV), highest priority first; NONE has bit 0 set. */
export const IIR = {
  LINE_STATUS: 0x06,
  RECEIVED: 0x04,
  TIMEOUT: 0x0c,
  THR_EMPTY: 0x02,
  MODEM_STATUS: 0x00,
  NONE: 0x01,
  /** Both bits set say that the FIFOs are enabled: this is what tells a 16550A from an 8250, 16450 and 16550. */
  FIFOS_ENABLED: 0xc0,
} as const;

/** FIFO control register (§8.5). KEPT are the bits that do not clear themselves. */
export const FCR = { ENABLE: 0x01, CLEAR_RECEIVER: 0x02, TRIGGER_SHIFT: 6, KEPT: 0xc9 } as const;

/** Receiver trigger levels in bytes by FCR bits 7:6 (§8.5). */
export const TRIGGER_LEVELS: readonly number[] = [1, 4, 8, 14];

/** Bytes in each FIFO (§1). */
export const FIFO_SIZE = 16;

/** Line control register (§8.3): the only bit that matters where nothing is on a wire. */
export const LCR = { DLAB: 0x80 } as const;

/** Modem control register (§8.8). The upper three bits always read 0. */
export const MCR = { DTR: 0x01, RTS: 0x02, OUT1: 0x04, OUT2: 0x08, LOOP: 0x10, MASK: 0x1f } as const;

/** Line status register (§8.4). */
export const LSR = {
  DATA_READY: 0x01,
  OVERRUN: 0x02,
  BREAK: 0x10,
  THR_EMPTY: 0x20,
  TRANSMITTER_EMPTY: 0x40,
  /** In FIFO mode: at least one error or break in the receive FIFO. */
  FIFO_ERROR: 0x80,
} as const;

/** Modem status register (§8.9): four lines and, four bits below each, whether it changed since the last read. */
export const MSR = {
  DELTA_CTS: 0x01,
  DELTA_DSR: 0x02,
  /** RI went from active to inactive; the only one of the four with a direction. */
  TRAILING_EDGE_RI: 0x04,
  DELTA_DCD: 0x08,
  DELTAS: 0x0f,
  CTS: 0x10,
  DSR: 0x20,
  RI: 0x40,
  DCD: 0x80,
  LINES: 0xf0,
} as const;
