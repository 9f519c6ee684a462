/**
 * The table of memory-mapped configuration spaces (PCI Firmware Specification 3.2 §4.1.2).
 *
 * @module
 */

import { array, packed, u16, u32, u64, u8 } from "../../../ffi/layout.ts";
import { GPA } from "../../board/addresses.ts";
import { table } from "../header.ts";

const REVISION = 1;

/** Everything behind the header, with the one allocation that this board has. */
const McfgBody = packed("acpi_table_mcfg", {
  reserved: array(u8, 8),
  base: u64,
  segment: u16,
  start_bus: u8,
  end_bus: u8,
  reserved_end: u32,
});

/** The MCFG of a machine with bus 0 only: zero says all of the rest. */
export function buildMcfg(): Uint8Array {
  const mcfg = McfgBody.create();
  mcfg.base_num = GPA.PCI_ECAM;
  return table("MCFG", REVISION, mcfg.$bytes);
}
