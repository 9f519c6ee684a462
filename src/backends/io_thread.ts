/**
 * A machine's I/O worker, as its owner commands it.
 *
 * @module
 */

import { createEventFd, signalEventFd } from "../../ffi/eventfd.ts";
import type { MachinePlan } from "../machine_plan.ts";
import type { Log } from "./far_end.ts";
import { IO_CONTROL_BYTES, IoControl } from "./io_control.ts";
import type { FarEndOrders } from "./open_target.ts";

/** All that the worker needs. */
export interface IoOrders {
  readonly plan: MachinePlan;
  /** For {@link IoControl}. */
  readonly control: SharedArrayBuffer;
  /** The eventfd by which it is woken, owned by the sender. */
  readonly wakeFd: number;
  /** Far ends by serial port, COM1 first; undefined where it is not the I/O worker's. */
  readonly farEnds: readonly (FarEndOrders | undefined)[];
}

/** What the worker sends back: a message for the machine's log. */
export interface IoMessage {
  readonly level: "info" | "warning" | "error";
  readonly text: string;
}

/** Starts and ends the I/O worker of one machine. */
export class IoThread {
  readonly #worker: Worker;
  readonly #words = new SharedArrayBuffer(IO_CONTROL_BYTES);
  readonly #control = new IoControl(this.#words);
  readonly #wake = createEventFd();
  #started = false;
  #crashed = false;

  /**
   * Starts loading the worker: it loads while the machine is being built.
   *
   * @param module whose neighbour is the composition root
   * @param onCrash called once the worker has started and has failed, or has failed and is started
   */
  constructor(module: URL, log: Log, private readonly onCrash: () => void) {
    this.#worker = new Worker(module, { type: "module", name: "io" });
    this.#worker.onmessage = ({ data }: MessageEvent<IoMessage>) => log(data.level, data.text);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      log("error", `the I/O worker failed, so serial ports other than streams are cut off: ${event.message}`);
      this.#crashed = true;
      this.#control.tellEnded();
      if (this.#started) this.onCrash();
    };
  }

  /** Signal it to wake the worker. */
  get wakeFd(): number {
    return this.#wake.number;
  }

  /** Lets it work. Call once. */
  start(plan: MachinePlan, farEnds: IoOrders["farEnds"]): void {
    this.#started = true;
    const orders: IoOrders = { plan, control: this.#words, wakeFd: this.wakeFd, farEnds };
    this.#worker.postMessage(orders);
    if (this.#crashed) this.onCrash();
  }

  /**
   * Ends it; resolves when it has delivered what it could and uses nothing of the machine any more.
   *
   * @param lingerMs how long it may wait for a reader who takes nothing
   */
  async end(lingerMs: number): Promise<void> {
    if (this.#started) {
      this.#control.orderEnd(lingerMs);
      signalEventFd(this.wakeFd);
      await this.#control.ended();
    }
    this.#worker.terminate();
    this.#wake[Symbol.dispose]();
  }
}
