/**
 * All vCPU workers of a machine, as its owner commands them.
 *
 * @module
 */

import { installKickSignal } from "../../ffi/signal.ts";
import { fromPlainError, HostError } from "../errors.ts";
import { DOING, WANT } from "./control.ts";
import { command, kick, type KickTarget } from "./kick.ts";
import type { BuildOrder, BuiltMachine, WorkerMessage, WorkerOrder } from "./messages.ts";

/** A vCPU with its worker's order; undefined for the one that has its own already: it built the machine. */
export interface CrewMember extends KickTarget {
  readonly order: WorkerOrder | undefined;
}

/** What workers report about a machine that runs. */
export type CrewMessage = Exclude<WorkerMessage, { kind: "built" | "refused" | "farewell" }>;

/** Starts, pauses, resumes and ends the vCPUs of one machine. */
export class VcpuCrew implements Disposable {
  readonly #workers: readonly Worker[];
  /** Resolved when a worker has said its last word, or never will. */
  readonly #farewells: readonly PromiseWithResolvers<void>[];
  /** What the builder reported before {@link start}. */
  readonly #early: CrewMessage[] = [];
  readonly #built = Promise.withResolvers<BuiltMachine>();
  #members: readonly CrewMember[] = [];
  #crash: string | undefined;

  /**
   * Takes `count` workers, which load while the machine is being built.
   *
   * @param newWorker the worker of vCPU `index`, which waits for its order; vCPU 0's can build a machine
   * @param onMessage takes what workers report of the running machine
   * @param onCrash told of a worker that failed after {@link start}
   */
  constructor(
    count: number,
    newWorker: (index: number) => Worker,
    private readonly onMessage: (message: CrewMessage) => void,
    private readonly onCrash: (message: string) => void,
  ) {
    this.#built.promise.catch(() => {}); // thrown where it is awaited
    this.#farewells = Array.from({ length: count }, () => Promise.withResolvers<void>());
    this.#workers = this.#farewells.map((farewell, index) => {
      const worker = newWorker(index);
      worker.onmessage = ({ data }: MessageEvent<WorkerMessage>) => {
        if (data.kind === "farewell") farewell.resolve();
        else if (data.kind === "built") this.#built.resolve(data.built);
        else if (data.kind === "refused") this.#built.reject(fromPlainError(data.error));
        else if (this.#members.length === 0) this.#early.push(data);
        else this.#tell(data);
      };
      worker.onerror = (event) => {
        event.preventDefault();
        this.#crashed(index, `vCPU ${index}'s worker failed: ${event.message}`);
      };
      return worker;
    });
  }

  /**
   * Lets vCPU 0's worker build the machine, on its own thread, and then run. Call once; {@link start} must follow at
   * once, since until then nobody can stop that vCPU.
   *
   * @throws {UserError | HostError} if it cannot be built; nothing of it is left
   */
  async build(order: BuildOrder): Promise<BuiltMachine> {
    this.#workers[0]!.postMessage({ kind: "build", order } satisfies WorkerOrder);
    return await this.#built.promise;
  }

  /** Lets the vCPUs run. Call once. Throws HostError if a worker has failed already: {@link end} the crew then. */
  start(members: readonly CrewMember[]): void {
    this.#members = members;
    installKickSignal();
    for (const message of this.#early.splice(0)) this.#tell(message);
    if (this.#crash !== undefined) throw new HostError(this.#crash);
    members.forEach(({ order }, index) => {
      if (order !== undefined) this.#workers[index]!.postMessage(order);
    });
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

  #tell(message: CrewMessage): void {
    if (message.kind === "trace") this.#members[message.vcpu]?.control.countTraces(-1);
    this.onMessage(message);
  }

  #crashed(index: number, message: string): void {
    this.#crash ??= message;
    if (index === 0) this.#built.reject(new HostError(message)); // else `start` says so, when it is built
    this.#farewells[index]!.resolve();
    const member = this.#members[index];
    if (member === undefined) return; // not started: `start` will say so
    member.control.doing = DOING.ENDED;
    this.onCrash(message);
  }
}
