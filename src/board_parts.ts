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
}

/** Whether a machine has a PCI bus: an empty one would cost its guest a search of it. */
export function hasPci({ transport, disks }: Pick<CheckedConfig, "transport" | "disks">): boolean {
  return transport === "pci" && disks.length > 0;
}

/** Loads the parts of a machine with a PCI bus or without one. */
export async function loadBoardParts(pci: boolean): Promise<BoardParts> {
  if (!pci) return {};
  return { pciBoard: await lazy<typeof import("./pci_board.ts")>(import.meta.resolve("./pci_board.ts")) };
}
