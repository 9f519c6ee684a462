/**
 * The 16550A's registers and FIFO as they lie in the machine state.
 *
 * @module
 */
import { array, struct, u32, u8, type View } from "../../../ffi/layout.ts";
import { FIFO_SIZE, MSR } from "./registers.ts";

/** State of one UART. Use {@link resetUart16550} before the first access. */
export const Uart16550State = struct("uart16550_state", {
  ier: u8,
  /** FCR as written, the self-clearing bits left out. */
  fcr: u8,
  lcr: u8,
  mcr: u8,
  scr: u8,
  dll: u8,
  dlm: u8,
  /** MSR: lines as the guest sees them (so from MCR in loopback) and their deltas. */
  msr: u8,
  /** The lines as the host drives them, as MSR bits 7:4. */
  modemInputs: u8,
  /** LSR.OE, 0 or 1. */
  overrun: u8,
  /** The THR-empty interrupt is raised and neither the IIR has been read nor the THR been written since. */
  thrPending: u8,
  /** The last access wrote the THR. */
  thrBurst: u8,
  /** The transmit sink had no room for a whole FIFO: LSR.THRE and TEMT are clear. */
  transmitFull: u8,
  fifoHead: u8,
  fifoCount: u8,
  /** How many of the waiting bytes are breaks. */
  fifoErrors: u8,
  fifoData: array(u8, FIFO_SIZE),
  /** LSR error bits that came with each byte. */
  fifoFlags: array(u8, FIFO_SIZE),
  /** A break waits to enter the FIFO … */
  breakPending: u8,
  /** … after this many bytes of the receive source. */
  breakAfter: u32,
});

/** A view of {@link Uart16550State}. */
export type Uart16550View = View<typeof Uart16550State>;

/** Divisor for 9600 baud from the PC's 1.8432 MHz crystal (PC16550D, Table III). Nothing is timed by it. */
const DIVISOR_9600 = 12;

/** Master reset (PC16550D, Table I), with a terminal plugged in: CTS, DSR and DCD are active. */
export function resetUart16550(state: Uart16550View): void {
  state.$bytes.fill(0);
  state.dll = DIVISOR_9600;
  state.modemInputs = MSR.CTS | MSR.DSR | MSR.DCD;
  state.msr = state.modemInputs;
}
