/**
 * The capabilities list: a chain through configuration space, behind the header (PCI 3.0 §6.7).
 *
 * @module
 */

import { alignUp } from "../../ffi/layout.ts";
import { CAPABILITY, CONFIG, CONFIG_SIZE, MSIX_CAPABILITY, MSIX_CONTROL, STATUS } from "./registers.ts";
import type { CapabilitySpec, ConfigImage, MsixSpec } from "./spec.ts";

/** Identifier and link come before each body. */
const HEAD = 2;

/**
 * Chains capabilities in the order given, each at a multiple of 4 as the links demand. Returns their offsets.
 *
 * @throws {RangeError} if they do not fit.
 */
export function chainCapabilities(image: ConfigImage, capabilities: readonly CapabilitySpec[]): number[] {
  const { initial, writable } = image;
  let at: number = CONFIG.HEADER_END, link: number = CONFIG.CAPABILITIES;
  const offsets = capabilities.map((capability) => {
    const start = at, end = start + HEAD + capability.body.length;
    if (end > CONFIG_SIZE) throw new RangeError("the capabilities take more than configuration space has");
    initial[link] = start;
    initial[start] = capability.id;
    initial.set(capability.body, start + HEAD);
    writable.set(capability.writable ?? [], start + HEAD);
    link = start + 1;
    at = alignUp(end, 4);
    return start;
  });
  if (offsets.length > 0) initial[CONFIG.STATUS]! |= STATUS.CAPABILITIES_LIST;
  return offsets;
}

/** The MSI-X capability: where its table and its pending bits lie, and its two writable bits (§6.8.2). */
export function msixCapability({ vectors, bar, tableOffset, pendingOffset }: MsixSpec): CapabilitySpec {
  const body = new Uint8Array(MSIX_CAPABILITY.SIZE - HEAD), writable = new Uint8Array(body.length);
  const view = new DataView(body.buffer), mask = new DataView(writable.buffer);
  view.setUint16(MSIX_CAPABILITY.CONTROL - HEAD, vectors - 1, true);
  mask.setUint16(MSIX_CAPABILITY.CONTROL - HEAD, MSIX_CONTROL.FUNCTION_MASK | MSIX_CONTROL.ENABLE, true);
  // The BAR's index lies in the offset's low bits, which are zero.
  view.setUint32(MSIX_CAPABILITY.TABLE - HEAD, tableOffset | bar, true);
  view.setUint32(MSIX_CAPABILITY.PBA - HEAD, pendingOffset | bar, true);
  return { id: CAPABILITY.MSIX, body, writable };
}
