/**
 * Configuration space at power-on, and the mask of what the guest may change of it. Both follow from the function's
 * declaration, so neither is state.
 *
 * @module
 */

import { chainCapabilities, msixCapability } from "./capabilities.ts";
import { BAR_FLAG, BARS, COMMAND_WRITABLE, CONFIG, CONFIG_SIZE, INTA, MSIX_ENTRY } from "./registers.ts";
import type { BarSpec, ConfigImage, FunctionSpec, MsixSpec } from "./spec.ts";
import { MAX_VECTORS } from "./state.ts";

/** A function's configuration space with the places of what its behaviour needs. */
export interface ComposedConfig extends ConfigImage {
  /** Offsets of the capabilities, in the order of their declaration. */
  readonly capabilities: readonly number[];
  /** Offset of the MSI-X capability, 0 without one. */
  readonly msix: number;
}

/**
 * Composes a type 0 header (PCI 3.0 §6.1) and the capabilities behind it.
 *
 * @param interruptLine what firmware leaves for the driver in the register of that name, if there is a pin
 * @throws {RangeError} if the declaration contradicts itself.
 */
export function composeConfig(spec: FunctionSpec, interruptLine: number): ComposedConfig {
  const image = { initial: new Uint8Array(CONFIG_SIZE), writable: new Uint8Array(CONFIG_SIZE) };
  const values = new DataView(image.initial.buffer), masks = new DataView(image.writable.buffer);
  values.setUint16(CONFIG.VENDOR_ID, spec.vendorId, true);
  values.setUint16(CONFIG.DEVICE_ID, spec.deviceId, true);
  // The class's three bytes share their word with the revision below them.
  values.setUint32(CONFIG.REVISION, (spec.classCode << 8 | (spec.revision ?? 0)) >>> 0, true);
  values.setUint16(CONFIG.SUBSYSTEM_VENDOR_ID, spec.subsystemVendorId ?? 0, true);
  values.setUint16(CONFIG.SUBSYSTEM_ID, spec.subsystemId ?? 0, true);
  masks.setUint16(CONFIG.COMMAND, COMMAND_WRITABLE, true);
  masks.setUint8(CONFIG.CACHE_LINE_SIZE, 0xff); // of no effect here (§6.2.4), but software checks that it sticks
  if (spec.intx) {
    values.setUint8(CONFIG.INTERRUPT_PIN, INTA);
    values.setUint8(CONFIG.INTERRUPT_LINE, interruptLine);
    masks.setUint8(CONFIG.INTERRUPT_LINE, 0xff); // software's own note (§6.2.4)
  }
  const taken = new Set<number>();
  for (const bar of spec.bars ?? []) putBar(bar, values, masks, taken);
  if (spec.msix !== undefined) checkMsix(spec.msix, spec.bars ?? []);
  const msix = spec.msix === undefined ? [] : [msixCapability(spec.msix)];
  const offsets = chainCapabilities(image, [...msix, ...(spec.capabilities ?? [])]);
  return { ...image, capabilities: offsets.slice(msix.length), msix: msix.length === 0 ? 0 : offsets[0]! };
}

/**
 * A BAR's read-only bits are its size: software writes all ones and reads back what stuck (§6.2.5.1).
 */
function putBar(bar: BarSpec, values: DataView, masks: DataView, taken: Set<number>): void {
  const { index, size, wide = false, prefetchable = false } = bar;
  const last = index + (wide ? 1 : 0);
  if (!(index >= 0 && last < BARS) || taken.has(index) || taken.has(last)) {
    throw new RangeError(`BAR ${index} is not there or is taken`);
  }
  taken.add(index).add(last);
  const least = 16, most = wide ? 2 ** 48 : 2 ** 31;
  if (!(size >= least && size <= most && Number.isInteger(Math.log2(size)))) {
    throw new RangeError(`BAR ${index}: ${size} bytes are no power of two from ${least} to ${most}`);
  }
  const at = CONFIG.BAR0 + 4 * index;
  values.setUint32(at, (wide ? BAR_FLAG.TYPE_64 : 0) | (prefetchable ? BAR_FLAG.PREFETCHABLE : 0), true);
  masks.setUint32(at, size > 2 ** 31 ? 0 : -size >>> 0, true);
  if (wide) masks.setUint32(at + 4, size > 2 ** 32 ? -(size / 2 ** 32) >>> 0 : 0xffff_ffff, true);
}

function checkMsix({ vectors, bar, tableOffset, pendingOffset }: MsixSpec, bars: readonly BarSpec[]): void {
  if (!(vectors >= 1 && vectors <= MAX_VECTORS)) {
    throw new RangeError(`${vectors} MSI-X vectors, and there can be 1 to ${MAX_VECTORS}`);
  }
  const size = bars.find(({ index }) => index === bar)?.size ?? 0;
  const tableEnd = tableOffset + vectors * MSIX_ENTRY.SIZE;
  const pendingEnd = pendingOffset + pendingBytes(vectors);
  if (tableOffset % 8 !== 0 || pendingOffset % 8 !== 0 || Math.max(tableEnd, pendingEnd) > size) {
    throw new RangeError(`MSI-X lies outside BAR ${bar} or not at a multiple of 8`);
  }
  if (tableOffset < pendingEnd && pendingOffset < tableEnd) throw new RangeError("MSI-X overlaps itself");
}

/** Length of the pending bits: whole words of 64 (§6.8.2.10). */
export function pendingBytes(vectors: number): number {
  return 8 * Math.ceil(vectors / 64);
}
