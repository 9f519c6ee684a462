/**
 * The worker of vCPU 0: builds the machine, and then runs its vCPU. So a machine is built while its owner's isolate is
 * still loading, and the first instruction runs on the thread that has everything warm.
 *
 * @module
 */

import { type BoardParts, hasPci, loadBoardParts } from "./board_parts.ts";
import { buildMachine } from "./build_machine.ts";
import { toPlainError } from "./errors.ts";
import type { BuildOrder, BuiltMachine } from "./vcpu/messages.ts";
import { rehearse, type Send, serveOrder, VcpuThread } from "./vcpu_thread.ts";

if ("WorkerGlobalScope" in globalThis) {
  serveOrder(async (order, send) => {
    if (order.kind === "build") {
      return await build(
        order.order,
        await loadBoardParts(hasPci(order.order.config), order.order.disks.length > 0),
        send,
      );
    }
    const { plan, handles, setup } = order.built;
    const parts = await loadBoardParts(plan.pci !== undefined, plan.virtio.length > 0);
    new VcpuThread(plan, order.index, send, { initialize: false, ...parts }).run(handles, setup);
  });
  rehearse();
}

async function build(order: BuildOrder, parts: BoardParts, send: Send): Promise<void> {
  let thread: VcpuThread, machine: BuiltMachine;
  try {
    machine = await buildMachine(
      order,
      parts,
      (plan) => thread = new VcpuThread(plan, 0, send, { initialize: true, ...parts }),
    );
  } catch (error) {
    return send({ kind: "refused", error: toPlainError(error) });
  }
  send({ kind: "built", built: machine });
  thread!.run(machine.handles, machine.setup);
}
