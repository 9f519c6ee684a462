/** A vCPU's worker without KVM: its guest is an endless loop, left by `immediate_exit` only. */
import { ERRNO } from "../../../ffi/errno.ts";
import { MmioBus } from "../../../src/bus/mmio_bus.ts";
import { PortBus } from "../../../src/bus/port_bus.ts";
import { Arena } from "../../../src/state/arena.ts";
import { DOING, VcpuControl } from "../../../src/vcpu/control.ts";
import type { WorkerMessage } from "../../../src/vcpu/messages.ts";
import { RunPage } from "../../../src/vcpu/run_page.ts";
import { runLoop } from "../../../src/vcpu/run_loop.ts";

/** What it gets in place of a vCPU's orders. */
export interface FakeOrders {
  readonly scratch: SharedArrayBuffer;
  /** In place of `kvm_run`. */
  readonly page: SharedArrayBuffer;
  /** Counts the guest's turns. */
  readonly turns: Int32Array<SharedArrayBuffer>;
  /** `mute`: never begins. `crash`: throws at once. */
  readonly behaviour: "run" | "mute" | "crash";
}

/** Offset of `immediate_exit` in `kvm_run`. */
const IMMEDIATE_EXIT = 1;

if ("WorkerGlobalScope" in globalThis) {
  const scope = globalThis as unknown as {
    onmessage: (event: MessageEvent<FakeOrders>) => void;
    postMessage(message: WorkerMessage): void;
  };
  scope.onmessage = ({ data }) => {
    if (data.behaviour === "mute") return;
    if (data.behaviour === "crash") throw new Error("as told");
    run(data);
    scope.postMessage({ kind: "log", level: "info", text: "last words" });
    scope.postMessage({ kind: "farewell" });
  };
}

function run({ scratch, page, turns }: FakeOrders): void {
  const control = new VcpuControl(new Arena(scratch));
  if (!control.begin()) return;
  const flags = new Uint8Array(page);
  const vcpu = {
    run(): number {
      while (Atomics.load(flags, IMMEDIATE_EXIT) === 0) Atomics.add(turns, 0, 1);
      return ERRNO.EINTR;
    },
  };
  control.doing = DOING.RUNNING;
  runLoop({
    vcpu,
    run: new RunPage(page as unknown as ArrayBuffer),
    ports: new PortBus(),
    mmio: new MmioBus(),
    orders: control,
    end() {},
    fault() {},
  });
  control.doing = DOING.ENDED;
}
