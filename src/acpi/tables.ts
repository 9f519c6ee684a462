/**
 * All ACPI tables of a machine, placed in guest memory.
 *
 * @module
 */

import { alignUp } from "../../ffi/layout.ts";
import { GPA } from "../board/addresses.ts";
import { UserError } from "../errors.ts";
import { buildDsdt } from "./dsdt.ts";
import { buildFacs, FACS_ALIGNMENT } from "./facs.ts";
import { buildFadt } from "./fadt.ts";
import type { AcpiMachine } from "./machine.ts";
import { buildMadt } from "./madt.ts";
import { buildMcfg } from "./pci/mcfg.ts";
import { buildRsdp, buildRsdt, buildXsdt, Rsdp } from "./root.ts";

/** Tables ready to be copied to `GPA.ACPI_TABLES`. */
export interface AcpiTables {
  /** Guest-physical address of the RSDP, which boot protocols hand to the guest. */
  readonly rsdp: number;
  /** The tables' bytes, from `GPA.ACPI_TABLES` on. */
  readonly bytes: Uint8Array;
}

/** Tables have no alignment of their own; this keeps them readable in a dump, and the RSDP needs it (ACPI 6.5 §5.2.5.1). */
const TABLE_ALIGNMENT = 16;

/**
 * Describes a machine to its guest.
 *
 * ```ts
 * import { buildAcpiTables } from "./tables.ts";
 *
 * const { rsdp, bytes } = buildAcpiTables({
 *   apicIds: [0, 1],
 *   serial: [1],
 *   pvpanic: true,
 *   rtc: true,
 *   i8042: true,
 * });
 * console.assert(rsdp === 0xe_0000 && bytes.length < 0x1_0000);
 * ```
 *
 * @throws {UserError} if the machine has more vCPUs and devices than the tables' area has room for.
 */
export function buildAcpiTables(machine: AcpiMachine): AcpiTables {
  const placed: { readonly gpa: number; readonly bytes: Uint8Array }[] = [];
  const rsdp = GPA.ACPI_TABLES;
  let end = rsdp + Rsdp.size;
  const place = (bytes: Uint8Array, alignment = TABLE_ALIGNMENT): number => {
    const gpa = alignUp(end, alignment);
    placed.push({ gpa, bytes });
    end = gpa + bytes.length;
    return gpa;
  };

  const facs = place(buildFacs(), FACS_ALIGNMENT);
  const dsdt = place(buildDsdt(machine));
  // The DSDT and the FACS are reached through the FADT and stand in no list (ACPI 6.5 §5.2.9).
  const listed = [
    buildFadt(machine, facs, dsdt),
    buildMadt(machine),
    ...(machine.pci ? [buildMcfg()] : []),
    ...(machine.extraTables ?? []),
  ].map((bytes) => place(bytes));
  const rsdt = place(buildRsdt(listed));
  const xsdt = place(buildXsdt(listed));
  placed.push({ gpa: rsdp, bytes: buildRsdp(rsdt, xsdt) });

  const size = end - GPA.ACPI_TABLES;
  if (size > GPA.ACPI_TABLES_SIZE) {
    throw new UserError(
      `describing this machine takes ${size} bytes of ACPI tables, and there is room for ${GPA.ACPI_TABLES_SIZE}`,
      { hint: "Use fewer vCPUs or devices." },
    );
  }
  const bytes = new Uint8Array(size);
  for (const part of placed) bytes.set(part.bytes, part.gpa - GPA.ACPI_TABLES);
  return { rsdp, bytes };
}
