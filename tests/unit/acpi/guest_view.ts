/**
 * Finds ACPI tables as a guest does: from the RSDP on, by the specification's offsets, sharing nothing with
 * the code that writes them.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import type { AcpiTables } from "../../../src/acpi/tables.ts";
import { GPA } from "../../../src/board/addresses.ts";

/** One table as found. */
export interface FoundTable {
  readonly gpa: number;
  readonly bytes: Uint8Array;
  /** Its bytes at the specification's offsets. */
  readonly view: DataView;
}

/** Everything reachable, by signature. */
export interface FoundTables {
  readonly [signature: string]: FoundTable;
}

const text = (bytes: Uint8Array) => new TextDecoder("latin1").decode(bytes);
const sum = (bytes: Uint8Array) => bytes.reduce((total, byte) => total + byte, 0) & 0xff;

/** Follows every pointer, asserting addresses, lengths and checksums on the way. */
export function findTables({ rsdp, bytes }: AcpiTables): FoundTables {
  const found: Record<string, FoundTable> = {};
  const at = (gpa: number, length: number): Uint8Array => {
    const offset = gpa - GPA.ACPI_TABLES;
    assert(offset >= 0 && offset + length <= bytes.length, `0x${gpa.toString(16)} lies outside the tables`);
    return bytes.subarray(offset, offset + length);
  };
  const keep = (signature: string, gpa: number, length: number): FoundTable => {
    const table = at(gpa, length);
    const view = new DataView(table.buffer, table.byteOffset, length);
    return found[signature] = { gpa, bytes: table, view };
  };
  const follow = (gpa: number): string => {
    const signature = text(at(gpa, 4));
    const length = new DataView(bytes.buffer, bytes.byteOffset + gpa - GPA.ACPI_TABLES).getUint32(4, true);
    const table = keep(signature, gpa, length);
    // The FACS alone has no checksum (ACPI 6.5 §5.2.10).
    if (signature !== "FACS") assertEquals(sum(table.bytes), 0, `checksum of ${signature}`);
    return signature;
  };

  assertEquals(rsdp % 16, 0, "the RSDP's alignment");
  const root = keep("RSD PTR ", rsdp, 36);
  assertEquals(text(root.bytes.subarray(0, 8)), "RSD PTR ");
  assertEquals(sum(root.bytes.subarray(0, 20)), 0, "the RSDP's first checksum");
  assertEquals(sum(root.bytes), 0, "the RSDP's extended checksum");
  assertEquals(root.view.getUint8(15), 2, "the RSDP's revision");
  assertEquals(root.view.getUint32(20, true), 36, "the RSDP's length");

  assertEquals(follow(root.view.getUint32(16, true)), "RSDT");
  assertEquals(follow(Number(root.view.getBigUint64(24, true))), "XSDT");
  const rsdt = found["RSDT"]!.view, xsdt = found["XSDT"]!.view;
  assertEquals((rsdt.byteLength - 36) / 4, (xsdt.byteLength - 36) / 8, "entries of RSDT and XSDT");
  for (let entry = 0; entry < (xsdt.byteLength - 36) / 8; entry++) {
    const gpa = Number(xsdt.getBigUint64(36 + 8 * entry, true));
    assertEquals(rsdt.getUint32(36 + 4 * entry, true), gpa, "RSDT and XSDT agree");
    follow(gpa);
  }
  const fadt = found["FACP"]!.view;
  assertEquals(follow(fadt.getUint32(36, true)), "FACS");
  assertEquals(follow(fadt.getUint32(40, true)), "DSDT");
  assertEquals(Number(fadt.getBigUint64(140, true)), found["DSDT"]!.gpa, "X_DSDT");

  const inOrder = Object.values(found).sort((a, b) => a.gpa - b.gpa);
  inOrder.slice(1).forEach((table, index) => {
    const before = inOrder[index]!;
    assert(before.gpa + before.bytes.length <= table.gpa, "tables overlap");
  });
  return found;
}
