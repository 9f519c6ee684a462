/**
 * A machine's serial ports, from the host's side.
 *
 * @module
 */

import type { Log } from "../backends/far_end.ts";
import { IoThread } from "../backends/io_thread.ts";
import type { OpenTarget } from "../backends/open_target.ts";
import { openTarget } from "../backends/target.ts";
import type { CheckedConfig } from "../config/schema.ts";
import type { Machine, SerialLine } from "../machine.ts";
import type { MachinePlan, SerialPlan } from "../machine_plan.ts";
import { charDevice } from "./char_device.ts";
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

/** How long the last output waits for a reader who takes nothing (ms): when the guest ended, and when it is stopped. */
const LINGER_MS = { PATIENT: 250, BRISK: 10 } as const;
/** How often output is thrown away where the I/O worker failed (ms). */
const SWALLOW_MS = 10;

/**
 * The far ends of a machine's serial ports: streams in this isolate, and file descriptors in an I/O worker, which is
 * there only if it is needed. Call {@link close} on every path, when no vCPU runs any more.
 */
export class SerialPorts {
  /** How each port's far end is woken. */
  readonly plans: readonly SerialPlan[];
  #list: SerialPort[] = [];
  #streams: StreamConsole[] = [];
  #connected = false;
  #swallowing: ReturnType<typeof setInterval> | undefined;
  #lines: readonly SerialLine[] = [];

  private constructor(
    private readonly targets: readonly string[],
    /** The opened targets by port; undefined where a port's needs none. */
    private readonly opened: readonly (OpenTarget | undefined)[],
    private readonly io: IoThread | undefined,
  ) {
    this.plans = targets.map((target, index) => ({
      unplugged: target === "null",
      eventFd: opened[index] === undefined ? undefined : io!.wakeFd,
    }));
  }

  /**
   * Opens what the configuration names.
   *
   * @param ioWorker module of the I/O worker
   * @throws {UserError} if a target exists or cannot be made; the others are closed and removed again
   */
  static open(config: Pick<CheckedConfig, "serial">, ioWorker: URL, log: Log = () => {}): SerialPorts {
    const opened: (OpenTarget | undefined)[] = [];
    try {
      config.serial.forEach((target, index) => {
        opened.push(/^(stream|stdio|null)$/.test(target) ? undefined : openTarget(target, `serial.${index}`));
      });
      const needed = opened.some((target) => target !== undefined);
      const io = needed ? new IoThread(ioWorker, log, () => ports.#swallow()) : undefined;
      const ports = new SerialPorts(config.serial, opened, io);
      return ports;
    } catch (error) {
      for (const target of opened) target?.close(false);
      throw error;
    }
  }

  /** The ports, once {@link connect}ed. */
  get list(): readonly SerialPort[] {
    return this.#list;
  }

  /** Joins the far ends to the machine's ports, before the guest runs. */
  connect(machine: Pick<Machine, "serial" | "debugConsole">, plan: MachinePlan): void {
    this.#connected = true;
    this.#lines = machine.serial;
    this.#list = this.targets.map((target, index) => {
      const name = `COM${index + 1}`;
      const path = this.opened[index]?.path;
      if (path !== undefined) return { name, target, path };
      if (target !== "stream" && target !== "stdio") return { name, target };
      const line = machine.serial[index]!;
      const debug = index === 0 ? machine.debugConsole : undefined;
      const console = new StreamConsole(line.link, charDevice(line), debug);
      this.#streams.push(console);
      return { name, target, console };
    });
    this.io?.start(plan, this.opened.map((target) => target?.orders));
  }

  /**
   * Delivers the last output and closes everything. Sockets' paths are removed, and files too if no machine was ever
   * connected.
   *
   * @param patient waits a while for readers; else hardly at all
   */
  async close(patient: boolean): Promise<void> {
    for (const stream of this.#streams) stream.close();
    await this.io?.end(patient ? LINGER_MS.PATIENT : LINGER_MS.BRISK);
    clearInterval(this.#swallowing);
    for (const target of this.opened) target?.close(this.#connected);
  }

  /** The I/O worker is no more: throws away what guests print, so that they run on. */
  #swallow(): void {
    const waste = new Uint8Array(16 * 1024);
    const cutOff = this.#lines.filter((_, index) => this.opened[index] !== undefined);
    this.#swallowing = setInterval(() => {
      for (const line of cutOff) if (line.link.transmit.read(waste) > 0) charDevice(line).transmitDrained();
    }, SWALLOW_MS);
  }
}
