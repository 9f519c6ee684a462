/**
 * A serial port whose far end is a file descriptor: moves bytes between its link and that.
 *
 * @module
 */

import type { PollSet } from "../../ffi/poll.ts";
import { type FarEnd, type Log, NOWHERE } from "../backends/far_end.ts";
import type { IoSource } from "../backends/io_loop.ts";
import type { ByteRing } from "../state/ring.ts";
import type { CharDevice } from "./char_device.ts";
import type { CharLink } from "./link.ts";

/** Bytes moved at once. */
const CHUNK = 16 * 1024;

/** The I/O worker's part of one port. A far end that throws is replaced by none: the guest runs on. */
export class PortPump implements IoSource, Disposable {
  /** Output on its way: `#start` to `#end` are taken from the link, and the far end is not done with them. */
  readonly #output = new Uint8Array(CHUNK);
  #start = 0;
  #end = 0;
  readonly #input = new Uint8Array(CHUNK);

  /**
   * @param name of the port, for messages
   * @param debug another queue of output that goes the same way
   */
  constructor(
    private readonly name: string,
    private readonly link: CharLink,
    private readonly device: CharDevice,
    private readonly debug: ByteRing | undefined,
    private far: FarEnd,
    private readonly log: Log,
  ) {}

  pump(): boolean {
    return this.#guard(() => {
      const input = this.#pumpInput();
      return this.#pumpOutput() || input;
    }, true);
  }

  rest(): boolean {
    this.link.bell.arm();
    // While the far end is full it decides when to go on, not the guest.
    return this.#blocked || (this.link.transmit.length === 0 && (this.debug?.length ?? 0) === 0);
  }

  watch(set: PollSet): void {
    // Without room the guest is to take all of its input first: then it rings.
    this.#guard(() => this.far.watch(set, this.#blocked, this.link.receive.space > 0), undefined);
  }

  attend(set: PollSet): void {
    this.#guard(() => this.far.attend(set), undefined);
  }

  get left(): number {
    const queued = this.#end - this.#start + this.link.transmit.length + (this.debug?.length ?? 0);
    return queued + this.#guard(() => this.far.unread, 0);
  }

  /** Closes the far end. */
  [Symbol.dispose](): void {
    this.#guard(() => this.far[Symbol.dispose](), undefined);
  }

  get #blocked(): boolean {
    return this.#start < this.#end;
  }

  #pumpOutput(): boolean {
    const took = !this.#blocked && this.#take();
    if (!this.#blocked) return false;
    const done = this.far.write(this.#output.subarray(this.#start, this.#end));
    this.#start += done;
    return took || done > 0;
  }

  /** Fills the empty buffer from the queues. */
  #take(): boolean {
    this.#start = 0;
    this.#end = this.link.transmit.read(this.#output);
    if (this.#end > 0) this.device.transmitDrained();
    else this.#end = this.debug?.read(this.#output) ?? 0;
    return this.#end > 0;
  }

  #pumpInput(): boolean {
    const room = Math.min(this.link.receive.space, CHUNK);
    if (room === 0) return false;
    const count = this.far.read(this.#input.subarray(0, room));
    if (count === 0) return false;
    this.link.receive.write(this.#input.subarray(0, count));
    this.device.receive();
    return true;
  }

  #guard<T>(action: () => T, otherwise: T): T {
    try {
      return action();
    } catch (error) {
      this.log("error", `${this.name} is cut off: ${error instanceof Error ? error.stack : error}`);
      const failed = this.far;
      this.far = NOWHERE; // first: the failed one may fail once more
      failed[Symbol.dispose]();
      return otherwise;
    }
  }
}
