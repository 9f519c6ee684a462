/**
 * A virtio device as a PCI function: its identity, where its registers lie in its BAR, and the capabilities that say so
 * (virtio 1.3, 4.1.2 to 4.1.4).
 *
 * @module
 */

import { array, packed, u32, u8 } from "../../ffi/layout.ts";
import { CAPABILITY } from "../pci/registers.ts";
import type { CapabilitySpec, FunctionSpec } from "../pci/spec.ts";
import { DEVICE_ID, type VirtioModel } from "./model.ts";

/** The one BAR. Each part has pages of its own, so that doorbells can be mapped alone. */
export const VIRTIO_BAR = {
  INDEX: 0,
  COMMON: 0x0000,
  ISR: 0x1000,
  DEVICE: 0x2000,
  NOTIFY: 0x3000,
  /** The end of what the transport answers for. */
  REGISTERS_END: 0x4000,
  MSIX_TABLE: 0x4000,
  MSIX_PENDING: 0x5000,
  SIZE: 0x8000,
} as const;

/** Bytes from one queue's doorbell to the next one's (`notify_off_multiplier`): each has its own address. */
export const DOORBELL_STEP = 4;

/** What a capability leads to (4.1.4). */
export const CAPABILITY_TYPE = { COMMON: 1, NOTIFY: 2, ISR: 3, DEVICE: 4, PCI: 5 } as const;

/** Places of the capabilities among the function's. */
export const CAPABILITY_INDEX = { COMMON: 0, NOTIFY: 1, ISR: 2, DEVICE: 3, PCI: 4 } as const;

/** Offsets in a capability, from its identifier on. */
export const CAPABILITY_FIELD = { BAR: 4, OFFSET: 8, LENGTH: 12, EXTRA: 16 } as const;

/** `struct virtio_pci_cap` behind the identifier and the link, and the word that two kinds have behind it. */
const CapabilityBody = packed("virtio_pci_cap", {
  cap_len: u8,
  cfg_type: u8,
  bar: u8,
  id: u8,
  padding: array(u8, 2),
  offset: u32,
  length: u32,
  /** `notify_off_multiplier` or `pci_cfg_data`. */
  extra: u32,
});
/** Bytes of identifier and link. */
const HEAD = 2;

/** The common configuration up to `queue_device`: what is behind it belongs to features that are not offered. */
const COMMON_LENGTH = 0x38;
/** Room for the longest configuration of any device. */
const DEVICE_LENGTH = 0x100;

/** "Red Hat, Inc."; devices of the specification have it. */
const VENDOR = 0x1af4;
/** The device id of a modern device is this plus what it is (4.1.2.1). */
const FIRST_DEVICE_ID = 0x1040;
/** Modern devices say 1 or more (4.1.2.1). */
const REVISION = 1;

/** Class codes (PCI Code and ID Assignment §1), as far as there are classes. */
const CLASS: { readonly [id: number]: number } = {
  [DEVICE_ID.BLOCK]: 0x01_80_00, // mass storage, other
  [DEVICE_ID.NETWORK]: 0x02_00_00, // network, Ethernet
  [DEVICE_ID.CONSOLE]: 0x07_80_00, // communication, other
  [DEVICE_ID.FS]: 0x01_80_00,
};
const NO_CLASS = 0xff_00_00;

/** A vector for each queue, and one for the configuration. */
export function virtioVectors(model: VirtioModel): number {
  return model.queueSizes.length + 1;
}

/** Declares a device's function. */
export function virtioFunction(model: VirtioModel): FunctionSpec {
  const B = VIRTIO_BAR, T = CAPABILITY_TYPE;
  const deviceId = FIRST_DEVICE_ID + model.id;
  return {
    vendorId: VENDOR,
    deviceId,
    revision: REVISION,
    classCode: CLASS[model.id] ?? NO_CLASS,
    subsystemVendorId: VENDOR,
    subsystemId: deviceId,
    bars: [{ index: B.INDEX, size: B.SIZE }],
    msix: {
      vectors: virtioVectors(model),
      bar: B.INDEX,
      tableOffset: B.MSIX_TABLE,
      pendingOffset: B.MSIX_PENDING,
    },
    intx: true,
    capabilities: [
      capability(T.COMMON, B.COMMON, COMMON_LENGTH),
      capability(T.NOTIFY, B.NOTIFY, DOORBELL_STEP * model.queueSizes.length, DOORBELL_STEP),
      capability(T.ISR, B.ISR, 1),
      capability(T.DEVICE, B.DEVICE, DEVICE_LENGTH),
      accessCapability(),
    ],
  };
}

function capability(type: number, offset: number, length: number, extra?: number): CapabilitySpec {
  const body = CapabilityBody.create();
  const size = CapabilityBody.size - (extra === undefined ? 4 : 0);
  body.cap_len = HEAD + size;
  body.cfg_type = type;
  body.bar = VIRTIO_BAR.INDEX;
  body.offset = offset;
  body.length = length;
  body.extra = extra ?? 0;
  return { id: CAPABILITY.VENDOR, body: body.$bytes.slice(0, size) };
}

/** The window through configuration space, which its driver aims (4.1.4.9). The data behind it are `ConfigAccess`'s. */
function accessCapability(): CapabilitySpec {
  const writable = CapabilityBody.create();
  writable.bar = 0xff;
  writable.offset = writable.length = 0xffff_ffff;
  return { ...capability(CAPABILITY_TYPE.PCI, 0, 0, 0), writable: writable.$bytes };
}
