/**
 * What all ACPI tables share: the header and the checksum.
 *
 * @module
 */

import { array, packed, u32, u8 } from "../../ffi/layout.ts";

/** Who made the tables (ACPI 6.5 §5.2.6): OEM of six characters, table of eight, tool of four. */
export const OEM_ID = "DENOVI";
const OEM_TABLE_ID = "DENOVISR";
const OEM_REVISION = 1;
const CREATOR_ID = "DENO";
const CREATOR_REVISION = 1;

/** System description table header (ACPI 6.5 §5.2.6). */
const TableHeader = packed("acpi_table_header", {
  signature: array(u8, 4),
  length: u32,
  revision: u8,
  checksum: u8,
  oem_id: array(u8, 6),
  oem_table_id: array(u8, 8),
  oem_revision: u32,
  creator_id: array(u8, 4),
  creator_revision: u32,
});

/** The bytes of an ASCII text: signatures and identifiers. */
export function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** The byte that makes the sum of all bytes 0 modulo 256, given that its own place holds 0. */
export function checksum(bytes: Uint8Array): number {
  return -bytes.reduce((sum, byte) => sum + byte, 0) & 0xff;
}

/** A whole table: header, the body given, checksum. */
export function table(signature: string, revision: number, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(TableHeader.size + body.length);
  const header = TableHeader.at(bytes.buffer);
  header.signature.set(ascii(signature));
  header.length = bytes.length;
  header.revision = revision;
  header.oem_id.set(ascii(OEM_ID));
  header.oem_table_id.set(ascii(OEM_TABLE_ID));
  header.oem_revision = OEM_REVISION;
  header.creator_id.set(ascii(CREATOR_ID));
  header.creator_revision = CREATOR_REVISION;
  bytes.set(body, TableHeader.size);
  header.checksum = checksum(bytes);
  return bytes;
}
