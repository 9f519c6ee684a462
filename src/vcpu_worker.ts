/**
 * The worker of a vCPU that joins a machine which vCPU 0's worker (`builder_worker.ts`) has built.
 *
 * @module
 */

import { loadBoardParts } from "./board_parts.ts";
import { rehearse, serveOrder, VcpuThread } from "./vcpu_thread.ts";

if ("WorkerGlobalScope" in globalThis) {
  serveOrder(async (order, send) => {
    if (order.kind !== "join") throw new Error("this worker cannot build a machine");
    const { plan, handles, setup } = order.built;
    const parts = await loadBoardParts(plan.pci !== undefined, plan.virtio.length > 0);
    new VcpuThread(plan, order.index, send, { initialize: false, ...parts }).run(handles, setup);
  });
  rehearse();
}
