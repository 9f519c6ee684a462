/**
 * A vCPU on the thread of its worker.
 *
 * @module
 */

import { KvmVcpu } from "../ffi/kvm/vcpu.ts";
import { CpuidTable } from "../ffi/kvm/cpuid_table.ts";
import { libc } from "../ffi/libc.ts";
import { unblockKickSignal } from "../ffi/signal.ts";
import { borrow } from "../ffi/mapping.ts";
import type { BoardParts } from "./board_parts.ts";
import type { GuestRequest } from "./bus/device.ts";
import { kvmWires } from "./kvm_wires.ts";
import { composeMachine, type Machine } from "./machine.ts";
import type { MachineHandles } from "./machine_handles.ts";
import { allocateState, type MachinePlan } from "./machine_plan.ts";
import { borrowRam } from "./memory/host_memory.ts";
import { DOING, type Ending, WANT } from "./vcpu/control.ts";
import { enterGuest, prepareVcpu } from "./vcpu/enter.ts";
import { reportFault } from "./vcpu/fault.ts";
import type { VcpuSetup, WorkerMessage, WorkerOrder } from "./vcpu/messages.ts";
import { RunPage } from "./vcpu/run_page.ts";
import { runLoop } from "./vcpu/run_loop.ts";
import { ExitTracer } from "./vcpu/trace.ts";

/** Sends a message to the machine's owner. */
export type Send = (message: WorkerMessage) => void;

/** A worker's side of its channel; the DOM library's types do not know it. */
interface Channel {
  onmessage: ((event: MessageEvent<WorkerOrder>) => void) | null;
  postMessage(message: WorkerMessage): void;
}

/** Makes this worker carry out the one order that it will get, and say when it is done. */
export function serveOrder(carryOut: (order: WorkerOrder, send: Send) => Promise<void>): void {
  const channel = globalThis as unknown as Channel;
  channel.onmessage = async ({ data }) => {
    await carryOut(data, (message) => channel.postMessage(message));
    // Its owner terminates it: taking an isolate down costs milliseconds, and those of others wait for their turn.
    channel.postMessage({ kind: "farewell" });
  };
}

/** vCPU `index` of a machine, in this isolate. */
export class VcpuThread {
  readonly #machine: Machine;

  /** @param initialize puts the devices' shared state in order: for the first isolate that has the machine */
  constructor(
    private readonly plan: MachinePlan,
    private readonly index: number,
    private readonly send: Send,
    { initialize, ...parts }: BoardParts & { readonly initialize: boolean },
  ) {
    this.#machine = composeMachine(plan, {
      initialize,
      ...parts,
      ...kvmWires(plan.vmFd),
      onBroken: (name, error) =>
        this.#log("error", `${name} is out of service: ${error instanceof Error ? error.stack : error}`),
      requests: { request: (what, detail) => this.#request(what, detail) },
    });
  }

  /** Runs the vCPU. Returns when the owner wants the end, without having begun if that is so already. */
  run({ vcpus, memory }: MachineHandles, setup: VcpuSetup): void {
    const { plan, index } = this, machine = this.#machine;
    const control = machine.vcpus[index]!, handle = vcpus[index]!;
    if (!control.begin()) return;
    const vcpu = new KvmVcpu(handle.fd);
    // SAFETY: the owner unmaps both only after this worker has set DOING.ENDED.
    const run = new RunPage(borrow(handle.runPage.address, handle.runPage.length));
    const ram = borrowRam(memory.range);
    const tracer = setup.traceExits
      ? new ExitTracer(index, control, (lines) => this.send({ kind: "trace", vcpu: index, lines }))
      : undefined;
    unblockKickSignal();
    control.tid = libc().gettid();
    try {
      const refused = prepareVcpu(vcpu, CpuidTable.from(setup.supportedCpuid), {
        apicId: index,
        cpus: plan.cpus,
        tscDeadline: setup.tscDeadline,
        brand: setup.brand,
      });
      if (index === 0 && refused.length > 0) {
        this.#log("info", `the host refuses to set ${refused.join(", ")}`);
      }
      if (index === 0) enterGuest(vcpu, setup.entry);
      control.doing = DOING.RUNNING;
      runLoop({
        vcpu,
        run,
        ports: machine.ports,
        mmio: machine.mmio,
        orders: control,
        end: (ending) => this.#end(ending),
        fault: (errno) => {
          this.send({ kind: "fault", report: reportFault(index, vcpu, run, ram, errno) });
          this.#end("fault");
        },
        trace: tracer === undefined ? undefined : (page) => tracer.record(page),
        idle: tracer === undefined ? undefined : () => tracer.flush(),
      });
    } catch (error) {
      this.#log("error", `vCPU ${index}: ${error instanceof Error ? error.stack ?? error.message : error}`);
      this.send({
        kind: "failure",
        text: `vCPU ${index}: ${error instanceof Error ? error.message : error}`,
      });
      this.#end("fault");
    } finally {
      tracer?.flush(true);
      control.tid = 0;
      control.doing = DOING.ENDED;
    }
  }

  #request(what: GuestRequest, detail?: number): void {
    if (what !== "crash-loaded") this.#end(what, detail);
    else if (this.#machine.control.firstCrash()) {
      this.#log("warning", "the guest panicked and has started its crash kernel");
    }
  }

  /** Ends the machine; this vCPU at once, the others by its owner. */
  #end(ending: Ending, detail?: number): void {
    this.#machine.vcpus[this.index]!.want = WANT.END;
    this.#machine.control.end(ending, detail);
  }

  #log(level: "info" | "warning" | "error", text: string): void {
    this.send({ kind: "log", level, text });
  }
}

/**
 * Builds a machine that nobody runs while the real one's order is on its way: opening libc, compiling the struct views
 * and the devices' code takes some 8 ms, which then are over.
 */
export function rehearse(): void {
  try {
    composeMachine(
      {
        vmFd: -1,
        cpus: 1,
        serial: [{ unplugged: false }],
        ramSize: 0,
        debugConsole: false,
        debugExit: false,
        virtio: [],
        ...allocateState(1, 1),
      },
      {
        initialize: true,
        irq: { setLine: () => {} },
        msi: { send: () => {} },
        doorbells: { connect: () => {}, disconnect: () => {} },
        onBroken: () => {},
        requests: { request: () => {} },
      },
    );
  } catch {
    // No permission for FFI, most likely: the owner finds out by itself, and tells it better.
  }
}
