/**
 * What the ACPI tables need to know of a machine.
 *
 * @module
 */

import type { AmlNode } from "./aml/mod.ts";

/** The parts of a machine that its ACPI tables describe. Fixed addresses and lines come from the board. */
export interface AcpiMachine {
  /** Local APIC identifiers in ascending order, one for each vCPU: a vCPU's place is its UID. */
  readonly apicIds: readonly number[];
  /** Serial ports present: 1 for COM1 up to 4 for COM4. */
  readonly serial: readonly number[];
  /** The panic notification device is there. */
  readonly pvpanic: boolean;
  /** The CMOS real-time clock is there. */
  readonly rtc: boolean;
  /** The keyboard controller with its keyboard and mouse ports is there. */
  readonly i8042: boolean;
  /** There is a PCI bus with slots for hot-plug; not unless given. */
  readonly pci?: boolean;
  /** Where BARs may lie above 4 GiB, if there is such a window. */
  readonly pciWindow64?: { readonly base: number; readonly length: number };
  /**
   * Further objects for the `\_SB` scope, such as virtio-mmio devices. One can reach any other scope by its
   * absolute path, such as `scope("\\_GPE", …)` for the event handler that goes with a hot-plug device.
   */
  readonly extraDevices?: readonly AmlNode[];
  /** Further whole tables, made by `table()`. The XSDT lists them last. */
  readonly extraTables?: readonly Uint8Array[];
}
