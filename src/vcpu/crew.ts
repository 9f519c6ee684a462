/**
 * All vCPU workers of a machine, as its owner commands them.
 *
 * @module
 */

import { installKickSignal } from "../../ffi/signal.ts";
import { HostError } from "../errors.ts";
import { DOING, WANT } from "./control.ts";
import { command, kick, type KickTarget } from "./kick.ts";
import type { WorkerMessage, WorkerOrders } from "./messages.ts";

/** A vCPU with its orders. */
export interface CrewMember extends KickTarget {
  readonly orders: WorkerOrders;
}

/** Starts, pauses, resumes and ends the vCPUs of one machine. */
export class VcpuCrew implements Disposable {
  readonly #workers: readonly Worker[];
  /** Resolved when a worker has said its last word, or never will. */
  readonly #farewells: readonly PromiseWithResolvers<void>[];
  #members: readonly CrewMember[] = [];
  #crash: string | undefined;

  /**
   * Takes `count` workers, which load while the machine is being built.
   *
   * @param newWorker a worker that waits for its orders
   * @param onMessage takes what workers report
   * @param onCrash told of a worker that failed after {@link start}
   */
  constructor(
    count: number,
    newWorker: () => Worker,
    private readonly onMessage: (message: WorkerMessage) => void,
    private readonly onCrash: (message: string) => void,
  ) {
    this.#farewells = Array.from({ length: count }, () => Promise.withResolvers<void>());
    this.#workers = this.#farewells.map((farewell, index) => {
      const worker = newWorker();
      worker.onmessage = ({ data }: MessageEvent<WorkerMessage>) => {
        if (data.kind === "farewell") farewell.resolve();
        else this.onMessage(data);
      };
      worker.onerror = (event) => {
        event.preventDefault();
        this.#crashed(index, `vCPU ${index}'s worker failed: ${event.message}`);
      };
      return worker;
    });
  }

  /** Lets the guest run. Call once. Throws HostError if a worker has failed already. */
  start(members: readonly CrewMember[]): void {
    if (this.#crash !== undefined) throw new HostError(this.#crash);
    installKickSignal();
    this.#members = members;
    members.forEach((member, index) => this.#workers[index]!.postMessage(member.orders));
  }

  /**
   * Resolves when every vCPU stands between two instructions, or has not begun and will not, or when
   * {@link resume} was called.
   */
  async pause(): Promise<void> {
    for (const member of this.#members) command(member, WANT.PARK);
    await this.#until((doing) => doing !== DOING.RUNNING);
  }

  /** Brings all vCPUs out of their guests for a moment, so that their workers hand on what they hold back. */
  nudge(): void {
    for (const member of this.#members) kick(member);
  }

  /** Lets all vCPUs run on. */
  resume(): void {
    for (const { control } of this.#members) control.letGo();
  }

  /** Ends all vCPUs; resolves when no thread uses the machine any more and each worker has said its last word. */
  async end(): Promise<void> {
    this.#members.forEach((member, index) => {
      command(member, WANT.END);
      if (!member.control.giveUp()) return;
      this.#workers[index]!.terminate();
      this.#farewells[index]!.resolve();
    });
    await this.#until((doing) => doing === DOING.ENDED);
    await Promise.all(this.#members.map((_, index) => this.#farewells[index]!.promise));
  }

  /** Takes the workers down, {@link end}ed ones or such as were never started. */
  [Symbol.dispose](): void {
    for (const worker of this.#workers) worker.terminate();
  }

  async #until(done: (doing: number) => boolean): Promise<void> {
    await Promise.all(this.#members.map(async ({ control }) => {
      for (let doing = control.doing; control.want !== WANT.RUN && !done(doing); doing = control.doing) {
        await control.changeFrom(doing);
      }
    }));
  }

  #crashed(index: number, message: string): void {
    this.#crash ??= message;
    this.#farewells[index]!.resolve();
    const member = this.#members[index];
    if (member === undefined) return; // not started: `start` will say so
    member.control.doing = DOING.ENDED;
    this.onCrash(message);
  }
}
