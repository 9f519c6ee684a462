/**
 * Parts of a board that most machines have not, and that are loaded only for those that have them.
 *
 * @module
 */

import type { CheckedConfig } from "./config/schema.ts";
import { lazy } from "./lazy.ts";

/** Modules of parts. Every isolate that composes a machine has loaded those of its plan. */
export interface BoardParts {
  /** The PCI bus, and what is on it. */
  readonly pciBoard?: typeof import("./pci_board.ts");
  /** Virtio devices, and their wires. */
  readonly virtioBoard?: typeof import("./virtio_board.ts");
  readonly virtioWires?: typeof import("./virtio_wires.ts");
}

/** Whether a machine has a PCI bus: an empty one would cost its guest a search of it. */
export function hasPci({ transport, disks }: Pick<CheckedConfig, "transport" | "disks">): boolean {
  return transport === "pci" && disks.length > 0;
}

/** Loads the parts of a machine with a PCI bus or without one, with virtio devices or without. */
export async function loadBoardParts(pci: boolean, virtio: boolean): Promise<BoardParts> {
  if (!virtio) return {};
  const [virtioBoard, virtioWires, pciBoard] = await Promise.all([
    lazy<typeof import("./virtio_board.ts")>(import.meta.resolve("./virtio_board.ts")),
    lazy<typeof import("./virtio_wires.ts")>(import.meta.resolve("./virtio_wires.ts")),
    pci ? lazy<typeof import("./pci_board.ts")>(import.meta.resolve("./pci_board.ts")) : undefined,
  ]);
  return { virtioBoard, virtioWires, ...(pciBoard === undefined ? {} : { pciBoard }) };
}
