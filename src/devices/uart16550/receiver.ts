/**
 * The receive half of the 16550A: the FIFO, and how bytes get from the host into it.
 *
 * @module
 */
import type { ReceiveSource, SerialHost } from "./link.ts";
import { FCR, FIFO_SIZE, LSR, TRIGGER_LEVELS } from "./registers.ts";
import type { Uart16550View } from "./state.ts";

/** Behaviour of the receive FIFO over the UART's state; without the FIFOs enabled it holds one byte. */
export class Receiver {
  readonly #state: Uart16550View;
  readonly #source: ReceiveSource;
  readonly #host: SerialHost;

  constructor(state: Uart16550View, source: ReceiveSource, host: SerialHost) {
    this.#state = state;
    this.#source = source;
    this.#host = host;
  }

  /** Bytes at which the received-data interrupt is raised. */
  get trigger(): number {
    const fcr = this.#state.fcr;
    return (fcr & FCR.ENABLE) === 0 ? 1 : TRIGGER_LEVELS[fcr >> FCR.TRIGGER_SHIFT]!;
  }

  /** LSR bits of the byte at the head of the FIFO and of the FIFO as a whole. */
  get lineStatus(): number {
    const s = this.#state;
    if (s.fifoCount === 0) return 0;
    const anywhere = s.fifoErrors !== 0 && (s.fcr & FCR.ENABLE) !== 0 ? LSR.FIFO_ERROR : 0;
    return LSR.DATA_READY | s.fifoFlags[s.fifoHead & 15]! | anywhere;
  }

  /** Takes the oldest byte. An empty receiver gives 0: the datasheet leaves it open. */
  pop(): number {
    const s = this.#state;
    if (s.fifoCount === 0) return 0;
    this.forgiveHead();
    const byte = s.fifoData[s.fifoHead & 15]!;
    s.fifoHead = (s.fifoHead + 1) & 15;
    s.fifoCount--;
    return byte;
  }

  /** The errors of the byte at the head have been seen (LSR read) or go with it (RBR read). */
  forgiveHead(): void {
    const s = this.#state;
    const head = s.fifoHead & 15;
    if (s.fifoCount === 0 || s.fifoFlags[head] === 0) return;
    s.fifoFlags[head] = 0;
    s.fifoErrors--;
  }

  /** Empties the FIFO; what the host has waiting is still on the wire and stays. */
  clear(): void {
    const s = this.#state;
    s.fifoHead = s.fifoCount = s.fifoErrors = 0;
    s.fifoFlags.fill(0);
  }

  /**
   * Moves bytes from the host's ring into the FIFO while there is room. The ring is the wire, so a slow guest
   * overruns nothing: the bytes just have not arrived yet.
   */
  fill(): void {
    const s = this.#state;
    const capacity = this.#capacity;
    let moved = false;
    while (s.fifoCount < capacity) {
      if (s.breakPending !== 0 && s.breakAfter === 0) {
        s.breakPending = 0;
        this.#store(0, LSR.BREAK);
        continue;
      }
      const byte = this.#source.shift();
      if (byte < 0) break;
      if (s.breakPending !== 0) s.breakAfter--;
      this.#store(byte, 0);
      moved = true;
    }
    if (moved && this.#source.length === 0) this.#host.receiveDrained();
  }

  /** A byte arrives from the transmitter (loopback). Full: overrun, as §8.4 bit 1 has it. */
  receive(byte: number): void {
    const s = this.#state;
    if (s.fifoCount < this.#capacity) return this.#store(byte, 0);
    s.overrun = 1;
    // With FIFOs the newcomer is lost in the shift register; without, it destroys the byte before it.
    if ((s.fcr & FCR.ENABLE) === 0) s.fifoData[s.fifoHead & 15] = byte;
  }

  /** A break goes in behind the bytes that the host has queued by now; one that already waits absorbs it. */
  queueBreak(): void {
    const s = this.#state;
    if (s.breakPending !== 0) return;
    s.breakPending = 1;
    s.breakAfter = this.#source.length;
  }

  get #capacity(): number {
    return (this.#state.fcr & FCR.ENABLE) === 0 ? 1 : FIFO_SIZE;
  }

  #store(byte: number, flags: number): void {
    const s = this.#state;
    const tail = (s.fifoHead + s.fifoCount) & 15;
    s.fifoData[tail] = byte;
    s.fifoFlags[tail] = flags;
    s.fifoCount++;
    if (flags !== 0) s.fifoErrors++;
  }
}
