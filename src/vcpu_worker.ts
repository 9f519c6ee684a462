/**
 * A vCPU's worker: builds the machine over the shared state and runs its vCPU until told to end.
 *
 * @module
 */

import { KvmVcpu } from "../ffi/kvm/vcpu.ts";
import { CpuidTable } from "../ffi/kvm/cpuid_table.ts";
import { libc } from "../ffi/libc.ts";
import { unblockKickSignal } from "../ffi/signal.ts";
import { borrow } from "../ffi/mapping.ts";
import type { GuestRequest } from "./bus/device.ts";
import { KvmIrqController } from "./irq/lines.ts";
import { composeMachine } from "./machine.ts";
import { allocateState } from "./machine_plan.ts";
import { borrowRam } from "./memory/host_memory.ts";
import { DOING, type Ending, WANT } from "./vcpu/control.ts";
import { enterGuest, prepareVcpu } from "./vcpu/enter.ts";
import { reportFault } from "./vcpu/fault.ts";
import type { WorkerMessage, WorkerOrders } from "./vcpu/messages.ts";
import { RunPage } from "./vcpu/run_page.ts";
import { runLoop } from "./vcpu/run_loop.ts";
import { ExitTracer } from "./vcpu/trace.ts";

/** The worker's side of its channel; the DOM library's types do not know it. */
interface Channel {
  onmessage: ((event: MessageEvent<WorkerOrders>) => void) | null;
  postMessage(message: WorkerMessage): void;
}

if ("WorkerGlobalScope" in globalThis) {
  const channel = globalThis as unknown as Channel;
  channel.onmessage = ({ data }) => {
    runVcpu(data, (message) => channel.postMessage(message));
    // Its owner terminates it: taking an isolate down costs milliseconds, and those of others wait for their turn.
    channel.postMessage({ kind: "farewell" });
  };
  rehearse();
}

/**
 * Builds a machine that nobody runs while the real one's orders are on their way: opening libc, compiling the struct
 * views and the devices' code takes some 8 ms, which then are over.
 */
function rehearse(): void {
  try {
    composeMachine(
      {
        vmFd: -1,
        cpus: 1,
        ram: { address: 0n, size: 0 },
        serial: [{ unplugged: false }],
        debugConsole: false,
        debugExit: false,
        ...allocateState(1, 1),
      },
      {
        initialize: true,
        irq: { setLine: () => {} },
        onBroken: () => {},
        requests: { request: () => {} },
      },
    );
  } catch {
    // No permission for FFI, most likely: the owner finds out by itself, and tells it better.
  }
}

/** Runs one vCPU on this thread. Returns when its owner wants the end. */
function runVcpu(orders: WorkerOrders, send: (message: WorkerMessage) => void): void {
  const { plan, index } = orders;
  const log = (level: "info" | "warning" | "error", text: string) => send({ kind: "log", level, text });
  const requests = { request: (what: GuestRequest, detail?: number) => request(what, detail) };
  const machine = composeMachine(plan, {
    initialize: false,
    irq: new KvmIrqController(plan.vmFd),
    onBroken: (name, error) =>
      log("error", `${name} is out of service: ${error instanceof Error ? error.stack : error}`),
    requests,
  });
  const control = machine.vcpus[index]!;
  if (!control.begin()) return;
  const end = (ending: Ending, detail?: number) => {
    control.want = WANT.END;
    machine.control.end(ending, detail);
  };
  const request = (what: GuestRequest, detail?: number) => {
    if (what !== "crash-loaded") end(what, detail);
    else if (machine.control.firstCrash()) {
      log("warning", "the guest panicked and has started its crash kernel");
    }
  };

  const vcpu = new KvmVcpu(orders.vcpuFd);
  // SAFETY: the owner unmaps both only after this worker has set DOING.ENDED.
  const run = new RunPage(borrow(orders.runPage.address, orders.runPage.length));
  const ram = borrowRam(plan.ram);
  const tracer = orders.traceExits
    ? new ExitTracer(index, control, (lines) => send({ kind: "trace", vcpu: index, lines }))
    : undefined;
  const fault = (errno: number) => {
    send({ kind: "fault", report: reportFault(index, vcpu, run, ram, errno) });
    end("fault");
  };
  unblockKickSignal();
  control.tid = libc().gettid();
  try {
    const refused = prepareVcpu(vcpu, CpuidTable.from(orders.supportedCpuid), {
      apicId: index,
      cpus: plan.cpus,
      tscDeadline: orders.tscDeadline,
      brand: orders.brand,
    });
    if (index === 0 && refused.length > 0) log("info", `the host refuses to set ${refused.join(", ")}`);
    if (orders.entry !== undefined) enterGuest(vcpu, orders.entry);
    const trace = tracer === undefined ? undefined : (page: RunPage) => tracer.record(page);
    control.doing = DOING.RUNNING;
    const idle = tracer === undefined ? undefined : () => tracer.flush();
    runLoop({
      vcpu,
      run,
      ports: machine.ports,
      mmio: machine.mmio,
      orders: control,
      end,
      fault,
      trace,
      idle,
    });
  } catch (error) {
    log("error", `vCPU ${index}: ${error instanceof Error ? error.stack ?? error.message : String(error)}`);
    send({ kind: "failure", text: `vCPU ${index}: ${error instanceof Error ? error.message : error}` });
    end("fault");
  } finally {
    tracer?.flush(true);
    control.tid = 0;
    control.doing = DOING.ENDED;
  }
}
