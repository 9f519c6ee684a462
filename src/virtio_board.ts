/**
 * Virtio devices on the board: each over its place in shared state, behind a window, with wires to its worker.
 *
 * @module
 */

import { signalEventFd } from "../ffi/eventfd.ts";
import { virtioMmio } from "./board/addresses.ts";
import type { BoardBuilder } from "./board/builder.ts";
import type { Attachment } from "./bus/attachment.ts";
import type { MmioBus } from "./bus/mmio_bus.ts";
import type { VirtioPlan } from "./machine_plan.ts";
import type { Arena } from "./state/arena.ts";
import { BlockConfig, type BlockConfigView, BlockModel, initializeBlock } from "./virtio/block/config.ts";
import { MMIO_WINDOW, VirtioMmio } from "./virtio/mmio_transport.ts";
import { RemoteWork, WORK_WORDS, WorkOrders } from "./virtio/remote_work.ts";
import { resetVirtio, VirtioRegisters } from "./virtio/registers.ts";
import { VirtioState } from "./virtio/state.ts";

/** A virtio device, as one isolate holds it. */
export interface PlacedVirtio {
  readonly plan: VirtioPlan;
  readonly attachment: Attachment<VirtioMmio>;
  readonly registers: VirtioRegisters;
  readonly config: BlockConfigView;
  /** What its worker is to do. */
  readonly orders: WorkOrders;
}

/** Places the n-th device. */
export function placeVirtio(
  plan: VirtioPlan,
  index: number,
  board: BoardBuilder,
  scratch: Arena,
  mmio: MmioBus,
): PlacedVirtio {
  const orders = new WorkOrders(scratch.words(WORK_WORDS));
  const config = board.state(
    `virtio${index}_config`,
    BlockConfig,
    (fresh) => initializeBlock(fresh, plan.settings),
  );
  const model = new BlockModel(config, plan.settings);
  const work = new RemoteWork(
    orders,
    () => signalEventFd(plan.orderFd),
    (queue) => signalEventFd(plan.queueFds[queue]!),
  );
  const interrupt = { signal: () => signalEventFd(plan.interruptFd) };
  let registers: VirtioRegisters;
  const attachment = board.place(
    `virtio${index}`,
    VirtioState,
    (state) => resetVirtio(state, model),
    (state) => new VirtioMmio(registers = new VirtioRegisters(state, model, work, interrupt)),
  );
  mmio.attach(virtioMmio(index).base, MMIO_WINDOW, attachment);
  return { plan, attachment, registers: registers!, config, orders };
}
