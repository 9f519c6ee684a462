/**
 * Configuration space: where registers lie and what their bits mean (PCI Local Bus 3.0 §6).
 *
 * @module
 */

/** Device numbers of a bus. */
export const SLOTS = 32;
/** Bytes of configuration space that a conventional function has; PCI Express puts 3840 more behind them. */
export const CONFIG_SIZE = 256;
/** Base address registers of a type 0 header. */
export const BARS = 6;

/** Offsets in a type 0 header (§6.1). */
export const CONFIG = {
  VENDOR_ID: 0x00,
  DEVICE_ID: 0x02,
  COMMAND: 0x04,
  STATUS: 0x06,
  REVISION: 0x08,
  /** Three bytes: programming interface, subclass, base class. */
  CLASS: 0x09,
  CACHE_LINE_SIZE: 0x0c,
  LATENCY_TIMER: 0x0d,
  BAR0: 0x10,
  SUBSYSTEM_VENDOR_ID: 0x2c,
  SUBSYSTEM_ID: 0x2e,
  CAPABILITIES: 0x34,
  INTERRUPT_LINE: 0x3c,
  INTERRUPT_PIN: 0x3d,
  /** The end of the header: what follows is the function's own. */
  HEADER_END: 0x40,
} as const;

/** Command register (§6.2.2). */
export const COMMAND = {
  /** The function answers at its memory BARs. */
  MEMORY: 1 << 1,
  /** It may read and write memory by itself, and so send messages. */
  BUS_MASTER: 1 << 2,
  PARITY_RESPONSE: 1 << 6,
  SERR_ENABLE: 1 << 8,
  /** It may not raise its pin. */
  INTX_DISABLE: 1 << 10,
} as const;

/** The bits of the command register that a function without I/O ports has. */
export const COMMAND_WRITABLE: number = COMMAND.MEMORY | COMMAND.BUS_MASTER | COMMAND.PARITY_RESPONSE |
  COMMAND.SERR_ENABLE | COMMAND.INTX_DISABLE;

/** Status register (§6.2.3). Its error bits, which written ones clear, are never set here: all of it is read-only. */
export const STATUS = {
  /** The function wants an interrupt, whether or not its pin may say so. */
  INTERRUPT: 1 << 3,
  CAPABILITIES_LIST: 1 << 4,
} as const;

/** Low bits of a memory BAR (§6.2.5.1), all read-only. */
export const BAR_FLAG = { TYPE_64: 1 << 2, PREFETCHABLE: 1 << 3 } as const;

/** Capability identifiers (PCI Code and ID Assignment §2). */
export const CAPABILITY = { VENDOR: 0x09, MSIX: 0x11 } as const;

/** INTA#, the only pin that a device of one function may have (§2.2.6). */
export const INTA = 1;

/** The MSI-X capability (§6.8.2): offsets from its start, behind identifier and link. */
export const MSIX_CAPABILITY = { CONTROL: 2, TABLE: 4, PBA: 8, SIZE: 12 } as const;

/** MSI-X message control (§6.8.2.3); bits 0–10 are the table's size less one. */
export const MSIX_CONTROL = { FUNCTION_MASK: 1 << 14, ENABLE: 1 << 15 } as const;

/** An entry of the MSI-X table (§6.8.2.6 to 6.8.2.9): offsets of its four words. */
export const MSIX_ENTRY = { ADDRESS_LOW: 0, ADDRESS_HIGH: 4, DATA: 8, CONTROL: 12, SIZE: 16 } as const;
/** In an entry's control word: no message is sent for the vector. */
export const MSIX_VECTOR_MASKED = 1;
