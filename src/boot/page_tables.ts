/**
 * Page tables for a 64-bit entry: the first 4 GiB, each address mapped to itself.
 *
 * @module
 */

import { GPA } from "../board/addresses.ts";
import type { GuestRam } from "../memory/guest_memory.ts";

const PAGE = 4096;
const ENTRIES = 512;
const GIB_MAPPED = 4;
const LARGE_PAGE = 2 * 1024 * 1024;

/** Present and writable; PS makes a page directory's entry a page of 2 MiB (Intel SDM 3A, tables 4-15 to 4-18). */
const TABLE = 0x003;
const LARGE = 0x083;

/** Bytes that {@link writeIdentityMap} fills at GPA.PAGE_TABLES: a PML4, a PDPT and a page directory for each GiB. */
export const PAGE_TABLES_SIZE = (2 + GIB_MAPPED) * PAGE;

/**
 * Writes the tables and returns the value for CR3.
 *
 * Pages are of 2 MiB: every long-mode processor has them, which is not so of 1 GiB pages.
 */
export function writeIdentityMap(ram: GuestRam): number {
  const bytes = ram.view(GPA.PAGE_TABLES, PAGE_TABLES_SIZE);
  bytes.fill(0);
  // All entries point below 4 GiB, so their high halves stay 0.
  const words = new DataView(bytes.buffer, bytes.byteOffset, PAGE_TABLES_SIZE);
  const pdpt = PAGE, directories = 2 * PAGE;
  words.setUint32(0, GPA.PAGE_TABLES + pdpt + TABLE, true);
  for (let gib = 0; gib < GIB_MAPPED; gib++) {
    words.setUint32(pdpt + gib * 8, GPA.PAGE_TABLES + directories + gib * PAGE + TABLE, true);
  }
  for (let page = 0; page < GIB_MAPPED * ENTRIES; page++) {
    words.setUint32(directories + page * 8, page * LARGE_PAGE + LARGE, true);
  }
  return GPA.PAGE_TABLES;
}
