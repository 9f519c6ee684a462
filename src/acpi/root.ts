/**
 * Where a guest begins to read: the Root System Description Pointer (ACPI 6.5 §5.2.5.3) and the lists of
 * tables that it points to, of 64-bit and of 32-bit addresses (§5.2.7, §5.2.8).
 *
 * @module
 */

import { array, packed, u32, u64, u8 } from "../../ffi/layout.ts";
import { join, littleEndian } from "./aml/encode.ts";
import { ascii, checksum, OEM_ID, table } from "./header.ts";

/** The pointer structure (ACPI 6.5 §5.2.5.3). */
export const Rsdp = packed("acpi_table_rsdp", {
  signature: array(u8, 8),
  checksum: u8,
  oem_id: array(u8, 6),
  revision: u8,
  rsdt: u32,
  length: u32,
  xsdt: u64,
  extended_checksum: u8,
  reserved: array(u8, 3),
});

/** ACPI 2.0 and later (ACPI 6.5 §5.2.5.3). */
const REVISION = 2;

/** Bytes that the first checksum covers: the structure of ACPI 1.0. */
export const RSDP_V1_SIZE: number = Rsdp.offset("length");

/** The RSDP, given the addresses of both lists. */
export function buildRsdp(rsdt: number, xsdt: number): Uint8Array {
  const rsdp = Rsdp.create();
  rsdp.signature.set(ascii("RSD PTR "));
  rsdp.oem_id.set(ascii(OEM_ID));
  rsdp.revision = REVISION;
  rsdp.rsdt = rsdt;
  rsdp.length = Rsdp.size;
  rsdp.xsdt_num = xsdt;
  rsdp.checksum = checksum(rsdp.$bytes.subarray(0, RSDP_V1_SIZE));
  rsdp.extended_checksum = checksum(rsdp.$bytes);
  return rsdp.$bytes;
}

/** The list of tables that guests use today. */
export function buildXsdt(addresses: readonly number[]): Uint8Array {
  return table("XSDT", 1, join(addresses.map((address) => littleEndian(address, 8))));
}

/** The same list for guests that know ACPI 1.0 only, as small multiboot kernels do. */
export function buildRsdt(addresses: readonly number[]): Uint8Array {
  return table("RSDT", 1, join(addresses.map((address) => littleEndian(address, 4))));
}
