/**
 * A 16550A UART as PCs have it: a pure register machine between the guest and two byte queues.
 *
 * @module
 */
import type { IoDevice, IrqPin } from "../../bus/device.ts";
import type { ReceiveSource, SerialHost, TransmitSink } from "./link.ts";
import { Receiver } from "./receiver.ts";
import { FCR, FIFO_SIZE, IER, IIR, LCR, LSR, MCR, MSR, REG } from "./registers.ts";
import type { Uart16550View } from "./state.ts";

const IDLE_LSR = LSR.THR_EMPTY | LSR.TRANSMITTER_EMPTY;

/** The modem lines that the host drives; true is active (asserted). */
export interface ModemLines {
  readonly cts?: boolean;
  readonly dsr?: boolean;
  readonly ri?: boolean;
  readonly dcd?: boolean;
}

/**
 * A 16550A. Nothing is timed: a byte is on its way as soon as it is written, and its speed, length and parity are
 * whatever the guest likes.
 *
 * *Transmitting.* Bytes go straight into the sink, whose room stands for the FIFO's: THRE and TEMT are set while a
 * whole FIFO fits (drivers write 16 bytes on the strength of one THRE), so a slow consumer makes the guest wait
 * instead of losing bytes. TEMT does not wait for the consumer: what is in the sink has left the UART.
 *
 * *Receiving.* Bytes wait in the source and enter the FIFO as there is room. Data below the trigger level raises
 * the character timeout interrupt at once, not after four character times: no more bytes are "on the wire" than the
 * source holds, so waiting could only delay a typed character, and would take a timer for each port.
 *
 * Interrupt controllers see edges on this line. Where the chip's line would drop for a moment and rise again (a
 * byte leaves, a byte arrives), it does so here too, else a driver that handles one cause an interrupt would hang.
 */
export class Uart16550 implements IoDevice {
  readonly maxWidth = 1;
  readonly #state: Uart16550View;
  readonly #pin: IrqPin;
  readonly #sink: TransmitSink;
  readonly #host: SerialHost;
  readonly #receiver: Receiver;

  /** Covers 8 offsets. Changes nothing in `state`: see `resetUart16550`. */
  constructor(
    state: Uart16550View,
    pin: IrqPin,
    sink: TransmitSink,
    source: ReceiveSource,
    host: SerialHost,
  ) {
    this.#state = state;
    this.#pin = pin;
    this.#sink = sink;
    this.#host = host;
    this.#receiver = new Receiver(state, source, host);
  }

  read(offset: number, _width: number): number {
    const s = this.#state;
    s.thrBurst = 0;
    switch (offset & 7) {
      case REG.LSR:
        return (s.fifoCount | s.overrun | s.transmitFull) === 0 ? IDLE_LSR : this.#readLsr();
      case REG.RBR_THR_DLL:
        return (s.lcr & LCR.DLAB) !== 0 ? s.dll : this.#readRbr();
      case REG.IER_DLM:
        return (s.lcr & LCR.DLAB) !== 0 ? s.dlm : s.ier;
      case REG.IIR_FCR:
        return this.#readIir();
      case REG.LCR:
        return s.lcr;
      case REG.MCR:
        return s.mcr;
      case REG.MSR:
        return this.#readMsr();
      default:
        return s.scr;
    }
  }

  write(offset: number, _width: number, value: number): void {
    const s = this.#state;
    const byte = value & 0xff;
    const register = offset & 7;
    if (register === REG.RBR_THR_DLL && (s.lcr & LCR.DLAB) === 0) return this.#writeThr(byte);
    s.thrBurst = 0;
    switch (register) {
      case REG.RBR_THR_DLL:
        s.dll = byte;
        return;
      case REG.IER_DLM:
        if ((s.lcr & LCR.DLAB) !== 0) s.dlm = byte;
        else this.#writeIer(byte);
        return;
      case REG.IIR_FCR:
        return this.#writeFcr(byte);
      case REG.LCR:
        s.lcr = byte;
        return;
      case REG.MCR:
        return this.#writeMcr(byte);
      case REG.SCR:
        s.scr = byte;
        return;
        // LSR and MSR: "writing is not recommended" (§8.4), factory tests only.
    }
  }

  /** Host: bytes were put into the receive source. Call it under the device's lock. */
  receive(): void {
    if ((this.#state.mcr & MCR.LOOP) !== 0) return;
    this.#receiver.fill();
    this.#updateInterrupt();
  }

  /**
   * Host: the consumer took bytes from the transmit sink. Call it under the device's lock after each pass that took
   * any, once the sink read empty and before going to sleep.
   */
  transmitDrained(): void {
    const s = this.#state;
    if (s.transmitFull === 0 || this.#sink.capacity - this.#sink.length < FIFO_SIZE) return;
    s.transmitFull = 0;
    if ((s.ier & IER.THR_EMPTY) === 0) return;
    s.thrPending = 1;
    this.#updateInterrupt();
  }

  /** Host: drives modem lines; those not named keep their level. Call it under the device's lock. */
  setModemLines(lines: ModemLines): void {
    const s = this.#state;
    const drive = (level: boolean | undefined, bit: number) => {
      if (level !== undefined) s.modemInputs = level ? s.modemInputs | bit : s.modemInputs & ~bit;
    };
    drive(lines.cts, MSR.CTS);
    drive(lines.dsr, MSR.DSR);
    drive(lines.ri, MSR.RI);
    drive(lines.dcd, MSR.DCD);
    this.#updateModemStatus();
    this.#updateInterrupt();
  }

  /** Host: sends a break behind the bytes that are in the receive source now. Call it under the device's lock. */
  sendBreak(): void {
    this.#receiver.queueBreak();
    this.receive();
  }

  #readRbr(): number {
    const s = this.#state;
    const byte = this.#receiver.pop();
    // The interrupt of the byte that left falls before that of the bytes that remain rises. The chip's stays up from
    // the trigger level on; but on a wire bytes come one by one, and drivers that take one for each interrupt rely on
    // never finding two.
    if (s.ier !== 0) this.#pin.set(this.#interruptLine(false));
    if ((s.mcr & MCR.LOOP) === 0) this.#receiver.fill();
    this.#updateInterrupt();
    return byte;
  }

  #writeThr(byte: number): void {
    const s = this.#state;
    if ((s.mcr & MCR.LOOP) !== 0) {
      this.#receiver.receive(byte);
    } else {
      this.#sink.push(byte); // A guest that ignores THRE loses bytes, as on the chip.
      const length = this.#sink.length;
      const full = this.#sink.capacity - length < FIFO_SIZE ? 1 : 0;
      if (length === 1 || full > s.transmitFull) this.#host.transmitReady();
      s.transmitFull = full;
    }
    if (s.ier !== 0) this.#raiseThrEmpty();
  }

  /**
   * The THR was written and is empty again. Writing withdraws the interrupt, emptying raises it: an edge for each
   * byte, or in FIFO mode for each run of writes, which the chip would take up as a whole.
   */
  #raiseThrEmpty(): void {
    const s = this.#state;
    if ((s.ier & IER.THR_EMPTY) !== 0) {
      const sameRun = s.thrBurst !== 0 && (s.fcr & FCR.ENABLE) !== 0;
      if (s.thrPending !== 0 && !sameRun) {
        s.thrPending = 0;
        this.#updateInterrupt();
      }
      s.thrPending = s.transmitFull ^ 1;
      s.thrBurst = 1;
    }
    this.#updateInterrupt();
  }

  #writeIer(byte: number): void {
    const s = this.#state;
    const enabled = byte & ~s.ier;
    s.ier = byte & IER.MASK;
    // Enabling it with the THR empty raises it, even if reading the IIR had cleared it before. The datasheet is
    // silent; the chips do it, Windows toggles IER for it, and Linux takes a UART that does not for broken.
    if ((enabled & IER.THR_EMPTY) !== 0) s.thrPending = s.transmitFull ^ 1;
    this.#updateInterrupt();
  }

  #readIir(): number {
    const s = this.#state;
    const id = this.#interruptId(true);
    if (id === IIR.THR_EMPTY) {
      s.thrPending = 0;
      this.#updateInterrupt();
    }
    return (s.fcr & FCR.ENABLE) !== 0 ? id | IIR.FIFOS_ENABLED : id;
  }

  #writeFcr(byte: number): void {
    const s = this.#state;
    // §8.5: without bit 0 the other bits are not programmed; changing it clears the FIFOs.
    const control = (byte & FCR.ENABLE) === 0 ? 0 : byte;
    const modeChanged = ((control ^ s.fcr) & FCR.ENABLE) !== 0;
    if (modeChanged || (control & FCR.CLEAR_RECEIVER) !== 0) this.#receiver.clear();
    s.fcr = control & FCR.KEPT;
    if ((s.mcr & MCR.LOOP) === 0) this.#receiver.fill();
    this.#updateInterrupt();
  }

  #writeMcr(byte: number): void {
    const s = this.#state;
    s.mcr = byte & MCR.MASK;
    this.#updateModemStatus();
    if ((s.mcr & MCR.LOOP) === 0) this.#receiver.fill();
    this.#updateInterrupt();
  }

  #readLsr(): number {
    const s = this.#state;
    this.transmitDrained();
    const overrun = s.overrun !== 0 ? LSR.OVERRUN : 0;
    const value = (s.transmitFull === 0 ? IDLE_LSR : 0) | overrun | this.#receiver.lineStatus;
    if ((value & (LSR.OVERRUN | LSR.BREAK)) !== 0) {
      s.overrun = 0;
      this.#receiver.forgiveHead();
      this.#updateInterrupt();
    }
    return value;
  }

  #readMsr(): number {
    const s = this.#state;
    const value = s.msr;
    if ((value & MSR.DELTAS) !== 0) {
      s.msr = value & MSR.LINES;
      this.#updateInterrupt();
    }
    return value;
  }

  /** Takes over the lines, from the host or in loopback from MCR (§8.8 bit 4), and notes what changed. */
  #updateModemStatus(): void {
    const s = this.#state;
    const mcr = s.mcr;
    const lines = (mcr & MCR.LOOP) === 0
      ? s.modemInputs
      : ((mcr & MCR.RTS) !== 0 ? MSR.CTS : 0) | ((mcr & MCR.DTR) !== 0 ? MSR.DSR : 0) |
        ((mcr & MCR.OUT1) !== 0 ? MSR.RI : 0) | ((mcr & MCR.OUT2) !== 0 ? MSR.DCD : 0);
    const changed = (s.msr ^ lines) & MSR.LINES;
    const deltas = (changed & ~(lines & MSR.RI)) >> 4;
    s.msr = lines | (s.msr & MSR.DELTAS) | deltas;
  }

  #updateInterrupt(): void {
    this.#pin.set(this.#interruptLine(true));
  }

  /** On PCs OUT2 gates the interrupt line, and loopback forces that output inactive (§8.8 bit 4). */
  #interruptLine(received: boolean): boolean {
    return (this.#state.mcr & (MCR.OUT2 | MCR.LOOP)) === MCR.OUT2 && this.#interruptId(received) !== IIR.NONE;
  }

  /** The pending interrupt of the highest priority (Table IV), with or without those for received data. */
  #interruptId(received: boolean): number {
    const s = this.#state;
    const ier = s.ier;
    if (ier === 0) return IIR.NONE;
    if ((ier & IER.LINE_STATUS) !== 0) {
      if (s.overrun !== 0 || (this.#receiver.lineStatus & LSR.BREAK) !== 0) return IIR.LINE_STATUS;
    }
    if (received && (ier & IER.RECEIVED) !== 0 && s.fifoCount !== 0) {
      return s.fifoCount >= this.#receiver.trigger ? IIR.RECEIVED : IIR.TIMEOUT;
    }
    if ((ier & IER.THR_EMPTY) !== 0 && s.thrPending !== 0) return IIR.THR_EMPTY;
    return (ier & IER.MODEM_STATUS) !== 0 && (s.msr & MSR.DELTAS) !== 0 ? IIR.MODEM_STATUS : IIR.NONE;
  }
}
