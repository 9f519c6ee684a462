/**
 * The I/O worker: builds the machine over the shared state and serves the far ends that are file descriptors.
 *
 * @module
 */

import { KernelClock } from "../ffi/clock.ts";
import { type BoardParts, loadBoardParts } from "./board_parts.ts";
import type { Log } from "./backends/far_end.ts";
import { IoControl } from "./backends/io_control.ts";
import { runIoLoop } from "./backends/io_loop.ts";
import type { IoMessage, IoOrders } from "./backends/io_thread.ts";
import { farEnd } from "./backends/target.ts";
import { charDevice } from "./console/char_device.ts";
import { PortPump } from "./console/port_pump.ts";
import { kvmWires } from "./kvm_wires.ts";
import { composeMachine } from "./machine.ts";

/** The worker's side of its channel; the DOM library's types do not know it. */
interface Channel {
  onmessage: ((event: MessageEvent<IoOrders>) => void) | null;
  postMessage(message: IoMessage): void;
  close(): void;
}

if ("WorkerGlobalScope" in globalThis) {
  const channel = globalThis as unknown as Channel;
  channel.onmessage = async ({ data }) => {
    const control = new IoControl(data.control);
    const parts = await loadBoardParts(data.plan.pci !== undefined, data.plan.virtio.length > 0);
    serve(data, parts, control, (level, text) => channel.postMessage({ level, text })); // an error reaches the owner's onerror
    control.tellEnded();
    channel.close();
  };
}

/** Works on this thread until the machine's owner wants the end. A defect of ours throws: the owner takes over. */
function serve(orders: IoOrders, parts: BoardParts, control: IoControl, log: Log): void {
  const machine = composeMachine(orders.plan, {
    initialize: false,
    ...parts,
    ...kvmWires(orders.plan.vmFd),
    onBroken: (name, error) => log("error", `${name} is out of service: ${error}`),
    requests: { request: () => {} }, // requests come from guests, and guests are on other threads
  });
  using held = new DisposableStack();
  const pumps = orders.farEnds.flatMap((end, index) => {
    if (end === undefined) return [];
    const name = `COM${index + 1}`;
    const line = machine.serial[index]!;
    const debug = index === 0 ? machine.debugConsole : undefined;
    return held.use(new PortPump(name, line.link, charDevice(line), debug, farEnd(end, name, log), log));
  });
  const clock = new KernelClock();
  const left = runIoLoop(pumps, orders.wakeFd, control, () => clock.monotonicMs());
  if (left > 0) log("warning", `the last ${left} bytes of serial output were not read by anybody`);
}
