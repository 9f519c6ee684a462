/**
 * The windows of this board.
 *
 * @module
 */

import { GPA } from "../board/addresses.ts";
import type { AddressWindow } from "./window.ts";

/**
 * Where BARs may lie: below 4 GiB, and above where the processor's addresses reach and no RAM does.
 *
 * @param ramEnd the guest-physical address behind the last byte of RAM, and of what may be plugged in
 * @param addressBits of a guest-physical address, as CPUID 0x80000008 tells the guest
 */
export function pciWindows(
  ramEnd: number,
  addressBits: number,
): { readonly window32: AddressWindow; readonly window64: AddressWindow | undefined } {
  const base = GPA.PCI_WINDOW64, length = GPA.PCI_WINDOW64_SIZE;
  const there = ramEnd <= base && base + length <= 2 ** addressBits;
  return {
    window32: { base: GPA.PCI_WINDOW32, length: GPA.PCI_WINDOW32_SIZE },
    window64: there ? { base, length } : undefined,
  };
}
