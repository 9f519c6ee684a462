/**
 * A serial port as web streams.
 *
 * @module
 */

import type { ByteRing } from "../state/ring.ts";
import type { CharDevice } from "./char_device.ts";
import type { CharLink } from "./link.ts";

/** Output kept while nobody reads it; older bytes are dropped so that the guest never waits for a reader. */
const SCROLL_BACK = 64 * 1024;
/** After a wake-up, output is collected for as long as it keeps coming at least this often (ms). */
const COLLECT_MS = 1;
/** Wait for the guest to take input (ms): it has 4 KiB unread. */
const RETRY_MS = 2;

/** A serial port's far end. */
export interface SerialConsole {
  /**
   * What the guest writes. Until it is read, the last 64 KiB are kept; while a reader is slow, the guest waits. Closed
   * when the machine has ended and everything was read.
   */
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  /**
   * What the guest reads. A write resolves when the port has taken it, and the guest takes it as its driver asks; it
   * rejects if the machine stops before.
   */
  readonly writable: WritableStream<Uint8Array>;
}

/** Pumps between a link and its streams, on the isolate that made it. */
export class StreamConsole implements SerialConsole {
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly writable: WritableStream<Uint8Array>;
  readonly #buffer = new Uint8Array(16 * 1024);
  readonly #kept: Uint8Array<ArrayBuffer>[] = [];
  #keptBytes = 0;
  #controller!: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>;
  #read = false;
  #closed = false;
  #wanted: (() => void) | undefined;

  /** @param debug another queue of output that goes the same way */
  constructor(
    private readonly link: CharLink,
    private readonly device: CharDevice,
    private readonly debug?: ByteRing,
  ) {
    this.readable = new ReadableStream({
      start: (controller) => void (this.#controller = controller),
      pull: () => this.#pull(),
      cancel: () => this.#forget(),
    }, { highWaterMark: 0 });
    this.writable = new WritableStream({ write: (bytes) => this.#write(bytes) });
    this.#pump();
  }

  /** Takes what is left of the output and closes both streams. The guest must not run any more. */
  close(): void {
    if (this.#closed) return;
    this.#drain(true);
    this.#closed = true;
    this.link.bell.ring();
    this.#wanted?.();
    if (this.#kept.length === 0) this.#finish();
  }

  async #pump(): Promise<void> {
    while (!this.#closed) {
      await this.link.bell.slept(() => this.#closed || (this.#output && !this.#full));
      while (this.#drain()) await pause(COLLECT_MS);
    }
  }

  /** Output waits in a queue. */
  get #output(): boolean {
    return this.link.transmit.length > 0 || (this.debug?.length ?? 0) > 0;
  }

  /** A slow reader has enough to read: the guest waits. */
  get #full(): boolean {
    return this.#read && this.#keptBytes >= SCROLL_BACK;
  }

  /** Moves output to the reader or the scroll-back. False if there was none, or (unless `all`) no room. */
  #drain(all = false): boolean {
    if (this.#closed) return false;
    let any = false;
    while (all || !this.#full) {
      const count = this.link.transmit.read(this.#buffer) || (this.debug?.read(this.#buffer) ?? 0);
      if (count === 0) break;
      any = true;
      this.#keep(this.#buffer.slice(0, count));
    }
    if (any) this.device.transmitDrained();
    return any;
  }

  #keep(bytes: Uint8Array<ArrayBuffer>): void {
    this.#kept.push(bytes);
    this.#keptBytes += bytes.length;
    if (!this.#read) this.#trim();
    this.#wanted?.();
  }

  /** Drops the oldest bytes past the scroll-back. */
  #trim(): void {
    for (let surplus = this.#keptBytes - SCROLL_BACK; surplus > 0; surplus = this.#keptBytes - SCROLL_BACK) {
      const oldest = this.#kept.shift()!;
      this.#keptBytes -= Math.min(surplus, oldest.length);
      if (surplus < oldest.length) this.#kept.unshift(oldest.subarray(surplus));
    }
  }

  /** The reader has gone: what follows is kept as if there had never been one. */
  #forget(): void {
    this.#read = false;
    this.link.bell.ring();
  }

  async #pull(): Promise<void> {
    this.#read = true;
    while (this.#kept.length === 0 && !this.#closed) {
      await new Promise<void>((resolve) => this.#wanted = resolve);
    }
    const bytes = this.#kept.shift();
    if (bytes === undefined) return this.#finish();
    this.#keptBytes -= bytes.length;
    this.#controller.enqueue(bytes);
    this.link.bell.ring(); // there is room again
    if (this.#closed && this.#kept.length === 0) this.#finish();
  }

  #finish(): void {
    try {
      this.#controller.close();
    } catch {
      // cancelled by its reader before
    }
  }

  async #write(bytes: Uint8Array): Promise<void> {
    let done = 0;
    while (done < bytes.length && !this.#closed) {
      const count = this.link.receive.write(bytes.subarray(done));
      done += count;
      if (count > 0) this.device.receive();
      else await pause(RETRY_MS);
    }
    if (done < bytes.length) {
      throw new Error(`the machine has stopped: ${bytes.length - done} bytes were not taken`);
    }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
