/**
 * A machine's serial ports, from the host's side.
 *
 * @module
 */

import type { CheckedConfig } from "../config/schema.ts";
import type { Machine } from "../machine.ts";
import type { SerialPlan } from "../machine_plan.ts";
import { type SerialConsole, StreamConsole } from "./stream_console.ts";

/** A serial port as its machine's owner sees it. */
export interface SerialPort {
  /** COM1 to COM4. */
  readonly name: string;
  /** As configured, for example `stream` or `file:/tmp/log`. */
  readonly target: string;
  /** The streams, where the target is `stream`. */
  readonly console?: SerialConsole;
  /** The path of the pseudo-terminal or socket, where the target is one. */
  readonly path?: string;
}

/** The far ends of a machine's serial ports. Closed by the machine's owner when no vCPU runs any more. */
export class SerialPorts implements Disposable {
  /** How each port's far end is woken. */
  readonly plans: readonly SerialPlan[];
  #list: SerialPort[] = [];
  #streams: StreamConsole[] = [];

  private constructor(private readonly targets: readonly string[]) {
    this.plans = targets.map((target) => ({ unplugged: target === "null" }));
  }

  /** Opens what the configuration names. Throws UserError. */
  static open(config: CheckedConfig): Promise<SerialPorts> {
    return Promise.resolve(new SerialPorts(config.serial));
  }

  /** The ports, once {@link connect}ed. */
  get list(): readonly SerialPort[] {
    return this.#list;
  }

  /** Joins the far ends to the machine's ports, before the guest runs. */
  connect(machine: Machine): void {
    this.#list = this.targets.map((target, index) => {
      const name = `COM${index + 1}`;
      if (target !== "stream" && target !== "stdio") return { name, target };
      const { uart, link } = machine.serial[index]!;
      const console = new StreamConsole(link, {
        receive: () => uart.locked((device) => device.receive()),
        transmitDrained: () => uart.locked((device) => device.transmitDrained()),
      });
      this.#streams.push(console);
      return { name, target, console };
    });
  }

  /** Takes the last output and closes. */
  close(): Promise<void> {
    for (const stream of this.#streams) stream.close();
    return Promise.resolve();
  }

  /** Releases what {@link open} opened. */
  [Symbol.dispose](): void {
    for (const stream of this.#streams) stream.close();
  }
}
