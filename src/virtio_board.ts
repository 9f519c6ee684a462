/**
 * Virtio devices on the board: each over its place in shared state, behind its transport, with wires to its worker.
 *
 * @module
 */

import { signalEventFd } from "../ffi/eventfd.ts";
import { VIRTIO_MMIO_SIZE, virtioMmio } from "./board/addresses.ts";
import type { BoardBuilder } from "./board/builder.ts";
import type { MmioBus } from "./bus/mmio_bus.ts";
import type { VirtioPlan } from "./machine_plan.ts";
import type { PciBoard } from "./pci_board.ts";
import type { Arena } from "./state/arena.ts";
import { BlockConfig, type BlockConfigView, BlockModel, initializeBlock } from "./virtio/block/config.ts";
import { VirtioMmio } from "./virtio/mmio_transport.ts";
import type { QueueWork, VirtioModel } from "./virtio/model.ts";
import { RemoteWork, WORK_WORDS, WorkOrders } from "./virtio/remote_work.ts";
import { resetVirtio, VirtioRegisters } from "./virtio/registers.ts";
import { VirtioState } from "./virtio/state.ts";

/** A virtio device, as one isolate holds it. */
export interface PlacedVirtio {
  readonly plan: VirtioPlan;
  readonly registers: VirtioRegisters;
  readonly config: BlockConfigView;
  /** What its worker is to do. */
  readonly orders: WorkOrders;
}

/** What the devices are attached to. */
export interface VirtioSurroundings {
  readonly board: BoardBuilder;
  readonly scratch: Arena;
  readonly mmio: MmioBus;
  /** The bus that they are functions of; none for MMIO. */
  readonly pci: PciBoard | undefined;
}

/** Places the n-th device. */
export function placeVirtio(plan: VirtioPlan, index: number, around: VirtioSurroundings): PlacedVirtio {
  const { board, scratch, pci } = around;
  const name = `virtio${index}`;
  const orders = new WorkOrders(scratch.words(WORK_WORDS));
  const config = board.state(`${name}_config`, BlockConfig, (fresh) => initializeBlock(fresh, plan.settings));
  const model = new BlockModel(config, plan.settings);
  const work = new RemoteWork(
    orders,
    () => signalEventFd(plan.orderFd),
    (queue) => signalEventFd(plan.queueFds[queue]!),
  );
  const registers = pci === undefined
    ? placeOverMmio(plan, index, model, work, around)
    : pci.placeVirtio(name, model, work, plan.queueFds);
  return { plan, registers, config, orders };
}

function placeOverMmio(
  { interruptFd }: VirtioPlan,
  index: number,
  model: VirtioModel,
  work: QueueWork,
  { board, mmio }: VirtioSurroundings,
): VirtioRegisters {
  const interrupt = { signal: () => signalEventFd(interruptFd!) };
  const attachment = board.place(
    `virtio${index}`,
    VirtioState,
    (state) => resetVirtio(state, model),
    (state) => new VirtioMmio(new VirtioRegisters(state, model, work, interrupt)),
  );
  mmio.attach(virtioMmio(index).base, VIRTIO_MMIO_SIZE, attachment);
  return attachment.device.registers;
}
