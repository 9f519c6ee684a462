/**
 * A virtual machine as a value in a program.
 *
 * @module
 */

import type { QueueThread } from "./backends/queue_thread.ts";
import { hasPci, loadBoardParts } from "./board_parts.ts";
import { checkConfig } from "./config/check.ts";
import type { CheckedConfig, MachineConfig } from "./config/schema.ts";
import { type SerialPort, SerialPorts } from "./console/serial_ports.ts";
import type { SerialConsole } from "./console/stream_console.ts";
import { debugExitStatus } from "./devices/debug_exit.ts";
import { HostError } from "./errors.ts";
import { lazy } from "./lazy.ts";
import type { Outcome } from "./outcome.ts";
import type { OwnedMachine } from "./owner.ts";
import { VcpuCrew } from "./vcpu/crew.ts";
import type { FaultReport } from "./vcpu/fault.ts";
import { newBuilderWorker, newVcpuWorker, type SpareWorkers } from "./vcpu/spare_workers.ts";

/** Where a machine's own messages go; none is needed. */
export interface StartOptions {
  /** Workers loaded beforehand, for a faster start. */
  readonly spare?: SpareWorkers;
  /** Lines of `trace: ["exits"]`. */
  readonly trace?: (line: string) => void;
  /** What is worth telling about the machine itself, for example a register that the host refuses. */
  readonly log?: (level: "info" | "warning" | "error", text: string) => void;
}

/** What ended a machine by a fault: a guest's last state, or why a vCPU could not be run. */
type Downfall = FaultReport | string;

/**
 * A running virtual machine.
 *
 * ```ts
 * import { Vm } from "@denovisor/denovisor";
 *
 * await using vm = await Vm.start({ cmdline: "poweroff", memory: "64M" }); // no kernel: the embedded guest
 * for await (const bytes of vm.console.readable) await Deno.stdout.write(bytes);
 * const { reason } = await vm.wait();
 * console.assert(reason === "poweroff");
 * ```
 */
export class Vm implements AsyncDisposable {
  #state: "running" | "paused" | "stopped" = "running";
  readonly #outcome: Promise<Outcome>;

  private constructor(
    /** The configuration, complete. */
    readonly config: CheckedConfig,
    private readonly owned: OwnedMachine,
    private readonly crew: VcpuCrew,
    private readonly ports: SerialPorts,
    private readonly queues: QueueThread | undefined,
    resources: DisposableStack,
    downfall: () => Downfall | undefined,
  ) {
    this.#outcome = this.#live(resources, downfall);
    this.#outcome.catch(() => {}); // whoever calls wait() gets the error; nobody has to
  }

  /**
   * Starts a machine; resolves when its vCPUs have their orders.
   *
   * @param config what machine; every setting has a default, and without a kernel the embedded guest runs
   * @throws {UserError} if the configuration or a file in it is wrong; nothing was created
   * @throws {HostError} if the host cannot run it: no KVM, no permission, no memory
   */
  static async start(config: MachineConfig = {}, options: StartOptions = {}): Promise<Vm> {
    const checked = checkConfig(config);
    using resources = new DisposableStack();
    let downfall: Downfall | undefined;
    let owned: OwnedMachine | undefined, ports: SerialPorts | undefined, queues: QueueThread | undefined;
    const fail = (text: string) => {
      downfall ??= text;
      owned?.machine.control.end("fault");
      options.log?.("error", text);
    };
    const crew = new VcpuCrew(
      checked.cpus,
      (index) => options.spare?.take() ?? (index === 0 ? newBuilderWorker() : newVcpuWorker()),
      (message) => {
        if (message.kind === "fault") downfall ??= message.report;
        else if (message.kind === "failure") downfall ??= message.text;
        else if (message.kind === "log") options.log?.(message.level, message.text);
        else for (const line of message.lines) options.trace?.(line);
      },
      fail,
    );
    try {
      queues = await startQueues(checked, options, (text) => {
        for (const { orders } of owned?.machine.virtio ?? []) orders.abandon();
        fail(text);
      });
      ports = await SerialPorts.open(checked, new URL("./io_worker.ts", import.meta.url), options.log);
      const disks = await queues?.opened() ?? [];
      const building = crew.build({ config: checked, serial: ports.plans, disks });
      const loading = lazy<typeof import("./owner.ts")>(import.meta.resolve("./owner.ts"));
      const parts = loadBoardParts(hasPci(checked), checked.disks.length > 0);
      parts.catch(() => {});
      loading.catch(() => {}); // without --allow-read; the worker fails too then, and says it better
      const built = await building;
      owned = (await loading).takeOver(built, {
        crew,
        ports,
        queues,
        resources,
        board: await parts,
        onBroken: (name, error) => options.log?.("error", `${name} is out of service: ${error}`),
      });
      return new Vm(checked, owned, crew, ports, queues, resources.move(), () => downfall);
    } catch (error) {
      await crew.end();
      await queues?.end();
      crew[Symbol.dispose]();
      await ports?.close(false);
      throw error;
    }
  }

  /** What the machine does now. */
  get state(): "running" | "paused" | "stopped" {
    return this.#state;
  }

  /** COM1 as streams. Throws if COM1's target is not `stream`. */
  get console(): SerialConsole {
    const console = this.serial[0]?.console;
    if (console === undefined) throw new Error("COM1 is not a stream: see the machine's `serial` setting");
    return console;
  }

  /** The serial ports, COM1 first. */
  get serial(): readonly SerialPort[] {
    return this.ports.list;
  }

  /**
   * Resolves when the machine has stopped and everything it held is released.
   *
   * @throws {GuestError} if the guest could not go on: with the exit, the registers, the instruction and the remedy
   */
  wait(): Promise<Outcome> {
    return this.#outcome;
  }

  /**
   * Stops all vCPUs between two instructions, within 50 ms whatever the guest does. Does nothing when stopped; resolves
   * early when {@link resume} is called meanwhile.
   */
  async pause(): Promise<void> {
    if (this.#state === "stopped") return;
    this.#state = "paused";
    await this.crew.pause();
  }

  /** Lets a paused machine run on. */
  resume(): void {
    if (this.#state !== "paused") return;
    this.#state = "running";
    this.crew.resume();
  }

  /** Ends the machine at once, as if its power failed. Resolves when everything is released. */
  async stop(): Promise<void> {
    this.owned.machine.control.end("stopped");
    await this.#outcome.catch(() => {});
  }

  /** Presses the power button: a guest that listens shuts down. Does nothing when stopped. */
  powerButton(): void {
    if (this.#state !== "stopped") this.owned.machine.pm.locked((pm) => pm.pressPowerButton());
  }

  /** Types Ctrl-Alt-Del on the PS/2 keyboard: a guest that listens reboots. Does nothing when stopped. */
  ctrlAltDel(): void {
    if (this.#state !== "stopped") {
      this.owned.machine.i8042.locked((keyboard) => keyboard.pressCtrlAltDelete());
    }
  }

  /** Stops the machine. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** Waits for the ending, ends the workers, and only then frees what they used. */
  async #live(held: DisposableStack, downfall: () => Downfall | undefined): Promise<Outcome> {
    const { machine, timerService } = this.owned;
    using _crew = this.crew; // last: its workers' end takes processor time from all else
    using _resources = held;
    const { ending, detail } = await machine.control.ending();
    await this.crew.end();
    this.#state = "stopped"; // from here on nobody touches the devices, whose wires end in KVM
    machine.timerBell.ring();
    await timerService.catch(() => {});
    await this.queues?.end();
    await this.ports.close(ending !== "stopped");
    if (ending === "fault") {
      const cause = downfall();
      if (typeof cause === "object") {
        const { faultError, hostFlavour } = await lazy<typeof import("./vcpu/fault_message.ts")>(
          import.meta.resolve("./vcpu/fault_message.ts"),
        );
        throw faultError(cause, hostFlavour());
      }
      throw new HostError(`a vCPU could not be run: ${cause ?? "its worker gave no reason"}`);
    }
    return ending === "debug-exit" ? { reason: ending, code: debugExitStatus(detail) } : { reason: ending };
  }
}

/** Starts the worker of the virtio devices, where there are any. */
async function startQueues(
  { disks }: CheckedConfig,
  { log }: StartOptions,
  onCrash: (text: string) => void,
): Promise<QueueThread | undefined> {
  if (disks.length === 0) return undefined;
  const { QueueThread } = await lazy<typeof import("./backends/queue_thread.ts")>(
    import.meta.resolve("./backends/queue_thread.ts"),
  );
  return new QueueThread(new URL("./queue_worker.ts", import.meta.url), disks, log ?? (() => {}), onCrash);
}
