/**
 * The loop of a vCPU: enter the guest, handle why it left, again.
 *
 * @module
 */

import { ERRNO } from "../../ffi/errno.ts";
import { EXIT, SYSTEM_EVENT } from "../../ffi/uapi/kvm_constants.ts";
import type { MmioBus } from "../bus/mmio_bus.ts";
import type { PortBus } from "../bus/port_bus.ts";
import { DOING, type Ending, WANT } from "./control.ts";
import { mmioExit, portExit } from "./exit_io.ts";
import type { RunPage } from "./run_page.ts";

/** KVM_RUN of one vCPU. */
export interface Runnable {
  /** 0, or the errno. */
  run(): number;
}

/** The loop's side of `VcpuControl`. `doing` is RUNNING when the loop begins. */
export interface Orders {
  readonly want: number;
  doing: number;
  count(reason: number): void;
  sleepWhileWanted(value: number, milliseconds?: number): void;
}

/** All that a vCPU knows of its machine. */
export interface VcpuSurroundings {
  readonly vcpu: Runnable;
  readonly run: RunPage;
  readonly ports: PortBus;
  readonly mmio: MmioBus;
  readonly orders: Orders;
  /** Ends the whole machine: from then on this vCPU's order is END, and the owner tells the others. */
  end(ending: Ending, detail?: number): void;
  /** Ends it because of something that this vCPU cannot get past. `errno` is 0 for an exit. */
  fault(errno: number): void;
  /** Called when somebody kicked the vCPU, and before it parks. */
  readonly idle?: (() => void) | undefined;
  /** Called for every exit when exits are traced. */
  readonly trace?: ((run: RunPage) => void) | undefined;
}

/** Runs the guest until the owner wants the end. Returns; never throws for what a guest does. */
export function runLoop(around: VcpuSurroundings): void {
  const { vcpu, run, orders } = around;
  while (orders.want === WANT.RUN || obey(around)) {
    const errno = vcpu.run();
    if (errno === 0) dispatch(around);
    // The order matters: the flag is cleared before `want` is read again, and the kicker writes `want` before the
    // flag, so a kick is either seen in `want` or leaves the flag set.
    else if (errno === ERRNO.EINTR) {
      run.immediateExit = 0;
      around.idle?.();
    } // EAGAIN: an application processor waits for its SIPI, and something woke it. KVM would not let it sleep while
    // an NMI is pending, say: a nap keeps that from taking a host processor.
    else if (errno === ERRNO.EAGAIN) orders.sleepWhileWanted(WANT.RUN, 1);
    else around.fault(errno);
  }
  orders.doing = DOING.ENDED;
}

/** Handles one exit. Every reason ends here: handled, harmless, or the guest's end with a report. */
export function dispatch(around: VcpuSurroundings): void {
  const { run } = around;
  const reason = run.reason;
  around.orders.count(reason);
  around.trace?.(run);
  switch (reason) {
    case EXIT.IO:
      return portExit(run, around.ports);
    case EXIT.MMIO:
      return mmioExit(run, around.mmio);
    case EXIT.INTR:
    case EXIT.IRQ_WINDOW_OPEN:
    case EXIT.SET_TPR:
    case EXIT.TPR_ACCESS:
    case EXIT.IOAPIC_EOI:
    case EXIT.X86_BUS_LOCK:
    case EXIT.NOTIFY:
      return; // informative: the guest goes on
    case EXIT.SHUTDOWN:
      return around.end("triple-fault");
    case EXIT.SYSTEM_EVENT:
      return systemEvent(around);
    case EXIT.X86_RDMSR:
    case EXIT.X86_WRMSR:
      run.details().msr.error = 1; // the guest gets #GP, as on a processor without that register
      return;
    default:
      return around.fault(0);
  }
}

function systemEvent(around: VcpuSurroundings): void {
  const type = around.run.details().system_event.type;
  if (type === SYSTEM_EVENT.SHUTDOWN) around.end("poweroff");
  else if (type === SYSTEM_EVENT.RESET) around.end("reset");
  else if (type === SYSTEM_EVENT.CRASH) around.end("panic");
  else around.fault(0);
}

/** Parks for as long as the owner wants. Returns false when it wants the end. */
function obey(around: VcpuSurroundings): boolean {
  const { orders } = around;
  for (;;) {
    const want = orders.want;
    if (want === WANT.END) return false;
    if (want === WANT.RUN) {
      orders.doing = DOING.RUNNING;
      return true;
    }
    completeAccess(around);
    orders.doing = DOING.PARKED;
    orders.sleepWhileWanted(WANT.PARK);
  }
}

/**
 * KVM writes the result of a port or memory read into the guest's registers at the next KVM_RUN only. Before a vCPU
 * parks it is run with `immediate_exit` set, so that what it stands at is between two instructions
 * (Documentation/virt/kvm/api.rst, KVM_RUN).
 */
function completeAccess(around: VcpuSurroundings): void {
  const { vcpu, run } = around;
  run.immediateExit = 1;
  let errno: number;
  // One instruction can need several accesses: each comes as a further exit.
  while ((errno = vcpu.run()) === 0) dispatch(around);
  run.immediateExit = 0;
  if (errno !== ERRNO.EINTR && errno !== ERRNO.EAGAIN) around.fault(errno);
}
