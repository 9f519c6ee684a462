/**
 * The handover of PCI Express features from firmware to the operating system (PCI Firmware Specification 3.2 §4.5).
 *
 * @module
 */

import {
  type AmlNode,
  and,
  arg,
  createDwordField,
  equal,
  ifThen,
  local,
  method,
  not,
  or,
  ref,
  returnValue,
  store,
  uuid,
} from "../aml/mod.ts";

/** Names the PCI host bridge's form of `_OSC`. */
const HOST_BRIDGE_UUID = "33db4d5b-1ff7-401c-9657-7441c03dd766";
const REVISION = 1;

/** Error bits of the first word (ACPI 6.5 §6.2.11.2). */
const OSC_ERROR = {
  UNRECOGNIZED_UUID: 1 << 2,
  UNRECOGNIZED_REVISION: 1 << 3,
  CAPABILITIES_MASKED: 1 << 4,
} as const;

/** Features of the control field, the third word (table 4-5). */
const CONTROL = { PME: 1 << 2, AER: 1 << 3, CAPABILITY_STRUCTURE: 1 << 4 } as const;

/**
 * What the guest may have: everything that nobody else here looks after. Not hot-plug, native (bit 0) or SHPC (bit 1):
 * no port has such a controller, and the slots are ACPI's.
 */
const GRANTED = CONTROL.PME | CONTROL.AER | CONTROL.CAPABILITY_STRUCTURE;

/** `_OSC` of the root bridge: UUID, revision, count of words, and the words, which come back with the answer in them. */
export function operatingSystemCapabilities(): AmlNode {
  const [uuidArg, revision, words] = [arg(0), arg(1), arg(3)];
  const status = ref("CDW1"), control = ref("CDW3"), granted = local(0);
  const complain = (error: number) => or(status, error, status);
  return method("_OSC", { args: 4, serialized: true }, [
    createDwordField(words, 0, "CDW1"),
    ifThen(equal(uuidArg, uuid(HOST_BRIDGE_UUID)), [
      createDwordField(words, 8, "CDW3"),
      and(control, GRANTED, granted),
      ifThen(not(equal(revision, REVISION)), [complain(OSC_ERROR.UNRECOGNIZED_REVISION)]),
      ifThen(not(equal(control, granted)), [complain(OSC_ERROR.CAPABILITIES_MASKED)]),
      store(granted, control),
    ], [complain(OSC_ERROR.UNRECOGNIZED_UUID)]),
    returnValue(words),
  ]);
}
