/**
 * The memory map that a guest is told, whatever the protocol that tells it.
 *
 * @module
 */

import { GPA } from "../board/addresses.ts";
import type { GuestRam } from "../memory/guest_memory.ts";

/** Address range types (ACPI 6.5 §15, table 15.7); PVH and multiboot use the same numbers. */
export const MEMORY_TYPE = { RAM: 1, RESERVED: 2, ACPI: 3 } as const;

/** One range of the map. */
export interface MemoryRange {
  readonly gpa: number;
  /** Bytes, never 0. */
  readonly size: number;
  readonly type: number;
}

const MAIN_MEMORY_END = 640 * 1024;
/** The identity map's page and the three pages of the TSS (KVM_SET_TSS_ADDR, Documentation/virt/kvm/api.rst). */
const KVM_SCRATCH_SIZE = 4 * 4096;

/**
 * The board's memory map in ascending order, without overlaps.
 *
 * The ACPI tables lie in a range of their own type, which a guest may take back once it has read them.
 *
 * @param ram at least 1 MiB.
 */
export function memoryMap(ram: GuestRam): MemoryRange[] {
  const map: MemoryRange[] = [];
  const add = (type: number, start: number, end: number) => {
    if (end > start) map.push({ gpa: start, size: end - start, type });
  };
  const tablesEnd = GPA.ACPI_TABLES + GPA.ACPI_TABLES_SIZE;
  add(MEMORY_TYPE.RAM, 0, GPA.LOW_MEMORY_END);
  add(MEMORY_TYPE.RESERVED, GPA.LOW_MEMORY_END, MAIN_MEMORY_END);
  add(MEMORY_TYPE.ACPI, GPA.ACPI_TABLES, tablesEnd);
  add(MEMORY_TYPE.RESERVED, tablesEnd, GPA.HIGH_MEMORY);
  for (const { gpa, size } of ram.regions) {
    add(MEMORY_TYPE.RAM, Math.max(gpa, GPA.HIGH_MEMORY), gpa + size);
  }
  add(MEMORY_TYPE.RESERVED, GPA.KVM_IDENTITY_MAP, GPA.KVM_IDENTITY_MAP + KVM_SCRATCH_SIZE);
  return map.sort((a, b) => a.gpa - b.gpa);
}
