/**
 * The worker of a machine's virtio devices, as its owner commands it.
 *
 * @module
 */

import { signalEventFd } from "../../ffi/eventfd.ts";
import type { MappedRange } from "../../ffi/mapping.ts";
import type { CheckedConfig } from "../config/schema.ts";
import { fromPlainError, HostError, type PlainError } from "../errors.ts";
import type { MachinePlan } from "../machine_plan.ts";
import type { BlockSettings } from "../virtio/block/config.ts";
import type { Log } from "./far_end.ts";
import { IO_CONTROL_BYTES, IoControl } from "./io_control.ts";

/** What the owner tells the worker. */
export type QueueOrder =
  /** First: open the images. */
  | { readonly kind: "open"; readonly disks: CheckedConfig["disks"] }
  /** Then: work the queues of a machine, until `control` says that it is over. */
  | {
    readonly kind: "serve";
    readonly plan: MachinePlan;
    readonly memory: MappedRange;
    readonly control: SharedArrayBuffer;
    /** Serial numbers of the disks. */
    readonly serials: readonly string[];
  };

/** What it answers. */
export type QueueMessage =
  | { readonly kind: "opened"; readonly disks: readonly BlockSettings[] }
  | { readonly kind: "refused"; readonly error: PlainError }
  | { readonly kind: "log"; readonly level: "info" | "warning" | "error"; readonly text: string };

/** Starts and ends the worker. Call {@link end} on every path. */
export class QueueThread {
  readonly #worker: Worker;
  readonly #words = new SharedArrayBuffer(IO_CONTROL_BYTES);
  readonly #control = new IoControl(this.#words);
  readonly #opened = Promise.withResolvers<readonly BlockSettings[]>();
  #plan: MachinePlan | undefined;

  /**
   * Starts loading the worker, and has it open the images.
   *
   * @param module whose neighbour is the composition root
   * @param onCrash called once if it fails while it serves: its devices answer no more
   */
  constructor(
    module: URL,
    private readonly disks: CheckedConfig["disks"],
    log: Log,
    onCrash: (message: string) => void,
  ) {
    this.#opened.promise.catch(() => {}); // thrown where it is awaited
    this.#worker = new Worker(module, { type: "module", name: "queues" });
    this.#worker.onmessage = ({ data }: MessageEvent<QueueMessage>) => {
      if (data.kind === "opened") this.#opened.resolve(data.disks);
      else if (data.kind === "refused") this.#opened.reject(fromPlainError(data.error));
      else log(data.level, data.text);
    };
    this.#worker.onerror = (event) => {
      event.preventDefault();
      const message = `the worker of the virtio devices failed: ${event.message}`;
      this.#opened.reject(new HostError(message));
      this.#control.tellEnded();
      if (this.#plan !== undefined) onCrash(message);
    };
    this.#tell({ kind: "open", disks });
  }

  /** Resolves with what the images are. Throws UserError for one that cannot be opened; none is open then. */
  opened(): Promise<readonly BlockSettings[]> {
    return this.#opened.promise;
  }

  /** Lets it work. Call once. */
  start(plan: MachinePlan, memory: MappedRange): void {
    this.#plan = plan;
    const serials = this.disks.map(({ serial }, index) => serial ?? `denovisor-${index}`);
    this.#tell({ kind: "serve", plan, memory, control: this.#words, serials });
  }

  /** Ends it; resolves when what it had accepted is on the host's disk, and it uses nothing of the machine any more. */
  async end(): Promise<void> {
    if (this.#plan !== undefined) {
      this.#control.orderEnd(0);
      signalEventFd(this.#plan.virtio[0]!.orderFd);
      await this.#control.ended();
    }
    this.#worker.terminate();
  }

  #tell(order: QueueOrder): void {
    this.#worker.postMessage(order);
  }
}
