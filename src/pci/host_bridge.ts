/**
 * The host bridge, function 00:00.0: the root complex as a function of its own bus.
 *
 * @module
 */

import type { FunctionSpec } from "./spec.ts";

/** Its slot. */
export const HOST_BRIDGE_SLOT = 0;

/**
 * Guests look for its class: Linux trusts configuration mechanism #1 only where it finds a host bridge or a display on
 * bus 0. The identifiers are those of Intel's virtual PCIe host bridge, which other monitors use too: no guest has a
 * driver or a quirk for them, as it would for those of a real chipset.
 */
export const HOST_BRIDGE: FunctionSpec = {
  vendorId: 0x8086,
  deviceId: 0x0d57,
  classCode: 0x06_00_00, // bridge, host (PCI Code and ID Assignment §1.7)
};
