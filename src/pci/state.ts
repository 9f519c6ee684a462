/**
 * The PCI bus as it lies in the machine state.
 *
 * Every slot has its room from the start, so that a function that is plugged in later finds the same bytes in every
 * isolate, and one that comes after it takes them over.
 *
 * @module
 */

import { array, struct, u32, u8, type View } from "../../ffi/layout.ts";
import { CONFIG_SIZE, MSIX_ENTRY, SLOTS } from "./registers.ts";

/** MSI-X vectors that a function may have here: a configuration change and 127 queues. */
export const MAX_VECTORS = 128;

/** State of one slot and the function in it. */
export const PciSlotState = struct("pci_slot_state", {
  /** There is a function that the guest can see. */
  present: u32,
  /** MSI-X pending bits. */
  pending: array(u32, MAX_VECTORS / 32),
  config: array(u8, CONFIG_SIZE),
  msixTable: array(u8, MAX_VECTORS * MSIX_ENTRY.SIZE),
});
/** A view of {@link PciSlotState}. */
export type PciSlotView = View<typeof PciSlotState>;

/** State of the root complex. All zero is its power-on state: an empty bus. */
export const PciRootState = struct("pci_root_state", {
  /** The address register of configuration mechanism #1. */
  address: u32,
  /** Counts changes of what lies where in the windows. */
  generation: u32,
  /** Hot-plug, one bit for each slot: functions that the guest shall look for, and functions that it shall let go. */
  up: u32,
  down: u32,
  slots: array(PciSlotState, SLOTS),
});
/** A view of {@link PciRootState}. */
export type PciRootView = View<typeof PciRootState>;

/** An empty bus. */
export function resetPciRoot(state: PciRootView): void {
  state.$bytes.fill(0);
}
