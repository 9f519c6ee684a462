/**
 * The Firmware ACPI Control Structure: waking vectors and the lock that firmware and guest share
 * (ACPI 6.5 §5.2.10). This board has no firmware that runs beside the guest, so all of it stays zero.
 *
 * @module
 */

import { array, packed, u32, u64, u8 } from "../../ffi/layout.ts";
import { ascii } from "./header.ts";

const Facs = packed("acpi_table_facs", {
  signature: array(u8, 4),
  length: u32,
  hardware_signature: u32,
  waking_vector: u32,
  global_lock: u32,
  flags: u32,
  x_waking_vector: u64,
  version: u8,
  reserved: array(u8, 31),
});

/** Its address is a multiple of this (ACPI 6.5 §5.2.10). */
export const FACS_ALIGNMENT = 64;

/** ACPI 4.0 and later (ACPI 6.5 §5.2.10). */
const VERSION = 2;

/** The FACS. It has no table header and no checksum: the guest writes to it. */
export function buildFacs(): Uint8Array {
  const facs = Facs.create();
  facs.signature.set(ascii("FACS"));
  facs.length = Facs.size;
  facs.version = VERSION;
  return facs.$bytes;
}
