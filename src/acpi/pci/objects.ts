/**
 * The PCI bus as the DSDT describes it: root bridge, windows, wires, and what is reserved for it.
 *
 * @module
 */

import { GPA, pciLine, PORT } from "../../board/addresses.ts";
import {
  type AmlNode,
  device,
  dwordMemory,
  eisaId,
  io,
  memory32Fixed,
  name,
  packageOf,
  qwordMemory,
  type Resource,
  resourceTemplate,
  wordBusNumber,
  wordIo,
} from "../aml/mod.ts";
import type { AcpiMachine } from "../machine.ts";
import { hotPlugEvent, hotPlugMethods, hotPlugSlots, SLOTS } from "./hot_plug.ts";
import { operatingSystemCapabilities } from "./osc.ts";

/** Ports of configuration mechanism #1, address and data. */
const CONFIG_PORTS = 8;
/** Ports of the hot-plug block. */
const HOT_PLUG_PORTS = 12;

/** All objects that a PCI bus takes, for the `\_SB` scope. */
export function pciObjects(machine: AcpiMachine): AmlNode[] {
  return [
    device("PCI0", [
      name("_HID", eisaId("PNP0A08")), // PCI Express root bridge …
      name("_CID", eisaId("PNP0A03")), // … which may be driven as one of PCI
      name("_UID", 0),
      name("_SEG", 0),
      name("_BBN", 0),
      name("_CRS", resourceTemplate(bridgeResources(machine))),
      name("_PRT", routingTable()),
      operatingSystemCapabilities(),
      ...hotPlugMethods(),
      ...hotPlugSlots(),
    ]),
    motherboardResources(),
    hotPlugEvent(),
  ];
}

/** What the bridge uses itself, and what it passes on. Memory below 1 MiB is not among it: there is no VGA. */
function bridgeResources({ pciWindow64 }: AcpiMachine): Resource[] {
  const window = { window: true };
  const afterConfig = PORT.PCI_CONFIG_ADDRESS + CONFIG_PORTS;
  return [
    wordBusNumber(0, 1),
    io(PORT.PCI_CONFIG_ADDRESS, CONFIG_PORTS),
    wordIo(0, PORT.PCI_CONFIG_ADDRESS),
    wordIo(afterConfig, 0x1_0000 - afterConfig),
    dwordMemory(GPA.PCI_WINDOW32, GPA.PCI_WINDOW32_SIZE, window),
    ...(pciWindow64 === undefined ? [] : [qwordMemory(pciWindow64.base, pciWindow64.length, window)]),
  ];
}

/**
 * Where INTA# of each device leads (ACPI 6.5 §6.2.13): no link device, so a global system interrupt. The guest takes
 * it as level-triggered and active low, as PCI has it; KVM's IOAPIC looks at the level only.
 */
function routingTable(): AmlNode {
  const ALL_FUNCTIONS = 0xffff, INTA = 0, NO_LINK = 0;
  return packageOf(
    Array.from(
      { length: SLOTS },
      (_, slot) => packageOf([slot * 0x1_0000 + ALL_FUNCTIONS, INTA, NO_LINK, pciLine(slot)]),
    ),
  );
}

/**
 * Reserves the memory-mapped configuration space, which the MCFG table alone does not (PCI Firmware Specification 3.2
 * §4.1.2): Linux uses none that it does not find here or in the memory map. And the hot-plug ports, which lie in a
 * window of the bridge.
 */
function motherboardResources(): AmlNode {
  return device("PCIR", [
    name("_HID", eisaId("PNP0C02")),
    name("_UID", "PCI"),
    name(
      "_CRS",
      resourceTemplate([
        memory32Fixed(GPA.PCI_ECAM, GPA.PCI_ECAM_SIZE),
        io(PORT.PCI_HOTPLUG_UP, HOT_PLUG_PORTS),
      ]),
    ),
  ]);
}
