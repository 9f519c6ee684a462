/**
 * A machine's serial ports, from the host's side.
 *
 * @module
 */

import { lazy } from "../lazy.ts";
import type { Log } from "../backends/far_end.ts";
import type { CheckedConfig } from "../config/schema.ts";
import type { Machine } from "../machine.ts";
import type { MachinePlan, SerialPlan } from "../machine_plan.ts";
import { charDevice } from "./char_device.ts";
import type { FdPorts } from "./fd_ports.ts";
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

const isStream = (target: string) => target === "stream" || target === "stdio";

/**
 * The far ends of a machine's serial ports: streams in this isolate, and file descriptors in an I/O worker, which is
 * there only if it is needed. Call {@link close} on every path, when no vCPU runs any more.
 */
export class SerialPorts {
  /** How each port's far end is woken. */
  readonly plans: readonly SerialPlan[];
  #list: SerialPort[] = [];
  #streams: StreamConsole[] = [];

  private constructor(
    private readonly targets: readonly string[],
    private readonly fds: FdPorts | undefined,
  ) {
    this.plans = targets.map((target, index) => ({
      unplugged: target === "null",
      eventFd: fds?.targets[index] === undefined ? undefined : fds.wakeFd,
    }));
  }

  /**
   * Opens what the configuration names.
   *
   * @param ioWorker module of the I/O worker
   * @throws {UserError} if a target exists or cannot be made; the others are closed and removed again
   */
  static async open(
    { serial }: Pick<CheckedConfig, "serial">,
    ioWorker: URL,
    log: Log = () => {},
  ): Promise<SerialPorts> {
    const targets = serial.map((target) => isStream(target) || target === "null" ? undefined : target);
    if (targets.every((target) => target === undefined)) return new SerialPorts(serial, undefined);
    const { FdPorts } = await lazy<typeof import("./fd_ports.ts")>(
      import.meta.resolve("./fd_ports.ts"),
    ); // most machines start quicker without
    return new SerialPorts(serial, FdPorts.open(targets, ioWorker, log));
  }

  /** The ports, once {@link connect}ed. */
  get list(): readonly SerialPort[] {
    return this.#list;
  }

  /** Joins the far ends to the machine's ports. What the guest wrote before waits in their queues. */
  connect(machine: Pick<Machine, "serial" | "debugConsole">, plan: MachinePlan): void {
    this.#list = this.targets.map((target, index) => {
      const name = `COM${index + 1}`;
      if (isStream(target)) {
        const line = machine.serial[index]!;
        const debug = index === 0 ? machine.debugConsole : undefined;
        const console = new StreamConsole(line.link, charDevice(line), debug);
        this.#streams.push(console);
        return { name, target, console };
      }
      const path = this.fds?.targets[index]?.path;
      return path === undefined ? { name, target } : { name, target, path };
    });
    this.fds?.connect(machine.serial, plan);
  }

  /**
   * Delivers the last output and closes everything. Sockets' paths are removed, and files too if no machine was ever
   * connected.
   *
   * @param patient waits a while for readers; else hardly at all
   */
  async close(patient: boolean): Promise<void> {
    for (const stream of this.#streams) stream.close();
    await this.fds?.close(patient ? LINGER_MS.PATIENT : LINGER_MS.BRISK);
  }
}
