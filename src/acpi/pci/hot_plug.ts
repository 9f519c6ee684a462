/**
 * Hot-plug of PCI functions by ACPI: a device object for each slot, and the methods that drive the registers.
 *
 * Linux has its driver for it (acpiphp) built in, and needs no ports or bridges: a slot is a device with `_EJ0`. The
 * registers are the PCI root complex's own; news in them are acknowledged by writing ones.
 *
 * @module
 */

import { GPE, PORT } from "../../board/addresses.ts";
import {
  type AmlNode,
  and,
  arg,
  call,
  device,
  field,
  FIELD_ACCESS,
  FIELD_UPDATE,
  ifThen,
  local,
  method,
  name,
  notify,
  operationRegion,
  ref,
  REGION_SPACE,
  scope,
  store,
} from "../aml/mod.ts";

/** Device numbers of a bus. */
export const SLOTS = 32;
/** Slot 0 is the host bridge's. */
const FIRST_SLOT = 1;
/** Notifications of any device (ACPI 6.5 §5.6.6): look whether it is there, and let go of it. */
const DEVICE_CHECK = 1;
const EJECT_REQUEST = 3;

/** A slot's device object: S and the function's number on its bus. */
function slotName(slot: number): string {
  return `S${(slot << 3).toString(16).toUpperCase().padStart(2, "0")}`;
}

function slots(): number[] {
  return Array.from({ length: SLOTS - FIRST_SLOT }, (_, index) => FIRST_SLOT + index);
}

/** The registers, and the methods that tell the slots' drivers what they say; for the bridge's scope. */
export function hotPlugMethods(): AmlNode[] {
  const access = { access: FIELD_ACCESS.DWORD, update: FIELD_UPDATE.WRITE_AS_ZEROS };
  const register = (region: string, port: number, fieldName: string) => [
    operationRegion(region, REGION_SPACE.SYSTEM_IO, port, 4),
    field(region, access, [{ name: fieldName, bits: 32 }]),
  ];
  return [
    ...register("PHUR", PORT.PCI_HOTPLUG_UP, "PHUP"),
    ...register("PHDR", PORT.PCI_HOTPLUG_DOWN, "PHDN"),
    ...register("PHER", PORT.PCI_HOTPLUG_EJECT, "PHEJ"),
    // Tells slots, of a set of them, a notification.
    method(
      "PHTL",
      { args: 2 },
      slots().map((slot) => ifThen(and(arg(0), 2 ** slot), [notify(ref(slotName(slot)), arg(1))])),
    ),
    // Takes the news and passes them on. Acknowledged first: what comes after that raises the event again.
    method("PHNW", { serialized: true }, [
      store(ref("PHUP"), local(0)),
      store(local(0), ref("PHUP")),
      call("PHTL", [local(0), DEVICE_CHECK]),
      store(ref("PHDN"), local(0)),
      store(local(0), ref("PHDN")),
      call("PHTL", [local(0), EJECT_REQUEST]),
    ]),
  ];
}

/** The slots, which all can be ejected. `_SUN` numbers them for people. */
export function hotPlugSlots(): AmlNode[] {
  return slots().map((slot) =>
    device(slotName(slot), [
      name("_ADR", slot * 0x1_0000),
      name("_SUN", slot),
      method("_EJ0", { args: 1 }, [store(2 ** slot, ref("PHEJ"))]),
    ])
  );
}

/** The event's handler: `_Exx` is edge-triggered, acknowledged before it runs (ACPI 6.5 §5.6.4.1). */
export function hotPlugEvent(): AmlNode {
  const handler = `_E${GPE.PCI_HOTPLUG.toString(16).toUpperCase().padStart(2, "0")}`;
  return scope("\\_GPE", [method(handler, {}, [call("\\_SB.PCI0.PHNW")])]);
}
