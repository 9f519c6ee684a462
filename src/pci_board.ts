/**
 * The PCI bus on the board, with the virtio devices on it: its ports, its windows, its wires.
 *
 * @module
 */

import { GPA, pciLine, PORT } from "./board/addresses.ts";
import type { BoardBuilder } from "./board/builder.ts";
import type { Attachment } from "./bus/attachment.ts";
import type { MmioBus } from "./bus/mmio_bus.ts";
import type { PortBus } from "./bus/port_bus.ts";
import type { BoardWires } from "./kvm_wires.ts";
import type { PciPlan } from "./machine_plan.ts";
import { pciWindows } from "./pci/board_windows.ts";
import { HOST_BRIDGE_SLOT } from "./pci/host_bridge.ts";
import { HOT_PLUG_SIZE } from "./pci/hot_plug.ts";
import { SLOTS } from "./pci/registers.ts";
import { PCI_LOCKS, PciRoot } from "./pci/root.ts";
import { PciRootState, resetPciRoot } from "./pci/state.ts";
import type { Arena } from "./state/arena.ts";
import type { QueueWork, VirtioModel } from "./virtio/model.ts";
import { DOORBELL_WORDS, PciDoorbells } from "./virtio/pci_doorbells.ts";
import { PciInterrupt } from "./virtio/pci_interrupt.ts";
import { virtioFunction } from "./virtio/pci_layout.ts";
import { serveVirtio, VirtioPci } from "./virtio/pci_transport.ts";
import { resetVirtio, VirtioRegisters } from "./virtio/registers.ts";
import { VirtioState } from "./virtio/state.ts";

/** The configuration address register is 4 ports, of which the second alone is the reset control register. */
const ADDRESS_PORTS = 1, BEHIND_RESET = 2, CONFIG_PORTS = 8;

/** What the bus is attached to. */
export interface PciSurroundings {
  readonly board: BoardBuilder;
  readonly scratch: Arena;
  readonly ports: PortBus;
  readonly mmio: MmioBus;
  readonly wires: Pick<BoardWires, "msi" | "doorbells">;
  /** Raises the general-purpose event of hot-plug. */
  readonly raiseHotPlug: () => void;
}

/** A virtio device, as one isolate holds it. */
interface PlacedFunction {
  readonly attachment: Attachment<VirtioPci>;
  readonly doorbells: PciDoorbells;
}

/**
 * Plans the bus of a machine.
 *
 * @param ramEnd see {@linkcode pciWindows}, as for the other
 */
export function planPci(ramEnd: number, addressBits: number): PciPlan {
  return { ...pciWindows(ramEnd, addressBits), stateBytes: PciRootState.size };
}

/** The bus. Devices are placed on it first, and then it is {@link powerOn|powered on}, in one isolate. */
export class PciBoard {
  readonly root: Attachment<PciRoot>;
  readonly #around: PciSurroundings;
  /** By slot. */
  readonly #virtio = new Map<number, PlacedFunction>();

  /** Places the root complex with its host bridge. */
  constructor({ window32, window64 }: PciPlan, around: PciSurroundings) {
    const { board, scratch, ports, mmio, wires, raiseHotPlug } = around;
    this.#around = around;
    const locks = scratch.words(PCI_LOCKS);
    const pins = Array.from({ length: SLOTS }, (_, slot) => board.pin(pciLine(slot)));
    const windows = window64 === undefined ? [window32] : [window32, window64];
    this.root = board.place("pci", PciRootState, resetPciRoot, (state) =>
      new PciRoot(state, {
        locks,
        windows,
        pins,
        msi: wires.msi,
        raiseHotPlug,
        onBarMoved: ({ slot }, _bar, address) => this.#virtio.get(slot)?.doorbells.moveTo(address),
        onEjected: (slot) => void this.#virtio.get(slot)?.attachment.locked((device) => device.reset()),
      }));
    const pci = this.root, root = pci.device;
    ports.attach(PORT.PCI_CONFIG_ADDRESS, ADDRESS_PORTS, pci);
    ports.attach(PORT.PCI_CONFIG_ADDRESS + BEHIND_RESET, CONFIG_PORTS - BEHIND_RESET, pci, BEHIND_RESET);
    ports.attach(PORT.PCI_HOTPLUG_UP, HOT_PLUG_SIZE, pci.face(root.hotPlug));
    mmio.attach(GPA.PCI_ECAM, GPA.PCI_ECAM_SIZE, pci.face(root.ecam));
    for (const window of root.windows) mmio.attach(window.base, window.length, pci.face(window));
  }

  /**
   * Puts a virtio device into the next slot.
   *
   * @param queueFds what its doorbells signal
   */
  placeVirtio(
    name: string,
    model: VirtioModel,
    work: QueueWork,
    queueFds: readonly number[],
  ): VirtioRegisters {
    const { board, scratch, wires } = this.#around;
    const slot = HOST_BRIDGE_SLOT + 1 + this.#virtio.size;
    const pciFunction = this.root.device.attach(slot, virtioFunction(model));
    const attachment = board.place(name, VirtioState, (state) => resetVirtio(state, model), (state) => {
      const interrupt = new PciInterrupt(pciFunction, state);
      return new VirtioPci(new VirtioRegisters(state, model, work, interrupt), interrupt);
    });
    serveVirtio(pciFunction, attachment);
    const doorbells = new PciDoorbells(scratch.words(DOORBELL_WORDS), queueFds, wires.doorbells);
    this.#virtio.set(slot, { attachment, doorbells });
    return attachment.device.registers;
  }

  /** See `PciRoot.powerOn`. Throws UserError. */
  powerOn(): void {
    this.root.device.powerOn();
  }
}
