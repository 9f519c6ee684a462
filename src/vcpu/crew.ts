/**
 * All vCPU workers of a machine, as its owner commands them.
 *
 * @module
 */

import { installKickSignal } from "../../ffi/signal.ts";
import { DOING, WANT } from "./control.ts";
import { command, type KickTarget } from "./kick.ts";
import type { WorkerMessage, WorkerOrders } from "./messages.ts";

/** A vCPU with its orders. */
export interface CrewMember extends KickTarget {
  readonly orders: WorkerOrders;
}

/** Where a worker's module is; it is the composition root's neighbour, above this room. */
export type WorkerModule = URL;

/** Starts, pauses, resumes and ends the vCPUs of one machine. */
export class VcpuCrew {
  readonly #workers: Worker[];
  #members: readonly CrewMember[] = [];

  /** Starts loading `count` workers: they load while the machine is being built. */
  constructor(
    count: number,
    module: WorkerModule,
    private readonly onMessage: (message: WorkerMessage) => void,
    private readonly onCrash: (message: string) => void,
  ) {
    this.#workers = Array.from({ length: count }, (_, index) => {
      const worker = new Worker(module, { type: "module", name: `vcpu${index}` });
      worker.onmessage = ({ data }) => this.onMessage(data);
      worker.onerror = (event) => {
        event.preventDefault();
        const member = this.#members[index];
        if (member !== undefined) member.control.doing = DOING.ENDED;
        this.onCrash(`vCPU ${index}'s worker failed: ${event.message}`);
      };
      return worker;
    });
  }

  /** Lets the guest run. Call once. */
  start(members: readonly CrewMember[]): void {
    installKickSignal();
    this.#members = members;
    members.forEach((member, index) => this.#workers[index]!.postMessage(member.orders));
  }

  /** Resolves when every vCPU stands between two instructions. */
  async pause(): Promise<void> {
    await this.#command(WANT.PARK, (doing) => doing === DOING.PARKED || doing === DOING.ENDED);
  }

  /** Lets all vCPUs run on. */
  resume(): void {
    for (const member of this.#members) member.control.want = WANT.RUN;
  }

  /** Ends all workers, and resolves when no thread uses the machine any more. */
  async end(): Promise<void> {
    await this.#command(WANT.END, (doing) => doing === DOING.ENDED);
    for (const worker of this.#workers) worker.terminate();
  }

  async #command(want: number, done: (doing: number) => boolean): Promise<void> {
    for (const member of this.#members) command(member, want);
    await Promise.all(this.#members.map(async ({ control }) => {
      for (let doing = control.doing; !done(doing); doing = control.doing) await control.changedFrom(doing);
    }));
  }
}
