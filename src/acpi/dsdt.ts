/**
 * The Differentiated System Description Table: the devices that a guest cannot find by itself
 * (ACPI 6.5 §5.2.11.1).
 *
 * @module
 */

import { ACPI_VALUES } from "../board/addresses.ts";
import { name, packageOf, scope } from "./aml/mod.ts";
import { join } from "./aml/encode.ts";
import { keyboardAndMouse, panicNotifier, processor, realTimeClock, serialPorts } from "./board_devices.ts";
import { table } from "./header.ts";
import type { AcpiMachine } from "./machine.ts";
import { pciObjects } from "./pci/objects.ts";

/** From revision 2 on, AML integers are 64 bits wide (ACPI 6.5 §5.2.11.1). */
const REVISION = 2;

/** The DSDT of a machine. */
export function buildDsdt(machine: AcpiMachine): Uint8Array {
  const objects = [
    // Sleep types for PM1a and, absent here, PM1b control; two reserved (ACPI 6.5 §7.4.2).
    name("\\_S5", packageOf([ACPI_VALUES.S5_SLEEP_TYPE, 0, 0, 0])),
    scope("\\_SB", [
      ...machine.apicIds.map((_, uid) => processor(uid)),
      ...serialPorts(machine.serial),
      ...(machine.rtc ? [realTimeClock()] : []),
      ...(machine.i8042 ? keyboardAndMouse() : []),
      ...(machine.pvpanic ? [panicNotifier()] : []),
      ...(machine.pci ? pciObjects(machine) : []),
      ...(machine.extraDevices ?? []),
    ]),
  ];
  return table("DSDT", REVISION, join(objects));
}
