/**
 * The worker of vCPU 0: builds the machine, and then runs its vCPU. So a machine is built while its owner's isolate is
 * still loading, and the first instruction runs on the thread that has everything warm.
 *
 * @module
 */

import { buildMachine } from "./build_machine.ts";
import { toPlainError } from "./errors.ts";
import type { BuildOrder } from "./vcpu/messages.ts";
import { rehearse, type Send, serveOrder, VcpuThread } from "./vcpu_thread.ts";

if ("WorkerGlobalScope" in globalThis) {
  serveOrder((order, send) => {
    if (order.kind === "build") return build(order.order, send);
    const { plan, handles, setup } = order.built;
    new VcpuThread(plan, order.index, send, { initialize: false }).run(handles, setup);
  });
  rehearse();
}

function build(order: BuildOrder, send: Send): void {
  let thread: VcpuThread, machine: ReturnType<typeof buildMachine>;
  try {
    machine = buildMachine(order, (plan) => thread = new VcpuThread(plan, 0, send, { initialize: true }));
  } catch (error) {
    return send({ kind: "refused", error: toPlainError(error) });
  }
  send({ kind: "built", built: machine });
  thread!.run(machine.handles, machine.setup);
}
