/**
 * The serial ports of a machine whose far ends are file descriptors, from the owner's side.
 *
 * @module
 */

import type { Log } from "../backends/far_end.ts";
import { IoThread } from "../backends/io_thread.ts";
import type { OpenTarget } from "../backends/open_target.ts";
import { openTarget } from "../backends/target.ts";
import type { SerialLine } from "../machine.ts";
import type { MachinePlan } from "../machine_plan.ts";
import { charDevice } from "./char_device.ts";

/** How often output is thrown away where the I/O worker failed (ms). */
const SWALLOW_MS = 10;

/** The opened targets, and the I/O worker that serves them. */
export class FdPorts {
  #lines: readonly SerialLine[] = [];
  #swallowing: ReturnType<typeof setInterval> | undefined;
  readonly #io: IoThread;

  private constructor(
    /** By port; undefined where somebody else has it. */
    readonly targets: readonly (OpenTarget | undefined)[],
    ioWorker: URL,
    log: Log,
  ) {
    this.#io = new IoThread(ioWorker, log, () => this.#swallow());
  }

  /**
   * Opens targets and starts loading the I/O worker.
   *
   * @param targets by port; undefined for one that is not opened here
   * @throws {UserError} if one exists or cannot be made; the others are closed and removed again
   */
  static open(targets: readonly (string | undefined)[], ioWorker: URL, log: Log): FdPorts {
    const opened: (OpenTarget | undefined)[] = [];
    try {
      targets.forEach((target, index) => {
        opened.push(target === undefined ? undefined : openTarget(target, `serial.${index}`));
      });
      return new FdPorts(opened, ioWorker, log);
    } catch (error) {
      for (const target of opened) target?.close(false);
      throw error;
    }
  }

  /** The eventfd for the bells of these ports. */
  get wakeFd(): number {
    return this.#io.wakeFd;
  }

  /** Lets the I/O worker serve the ports of a machine. */
  connect(lines: readonly SerialLine[], plan: MachinePlan): void {
    this.#lines = lines.filter((_, index) => this.targets[index] !== undefined);
    this.#io.start(plan, this.targets.map((target) => target?.orders));
  }

  /** Ends the I/O worker, which delivers the last output, and closes the targets. See `IoThread.end`. */
  async close(lingerMs: number): Promise<void> {
    await this.#io.end(lingerMs);
    clearInterval(this.#swallowing);
    for (const target of this.targets) target?.close(this.#lines.length > 0);
  }

  /** The I/O worker is no more: throws away what the guest prints, so that it runs on. */
  #swallow(): void {
    const waste = new Uint8Array(16 * 1024);
    this.#swallowing = setInterval(() => {
      for (const line of this.#lines) {
        if (line.link.transmit.read(waste) > 0) charDevice(line).transmitDrained();
      }
    }, SWALLOW_MS);
  }
}
