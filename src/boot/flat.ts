/**
 * Flat binaries: bytes to an address in the first MiB, and go, in real mode, as a BIOS starts a boot sector.
 *
 * There is no BIOS: no interrupt vectors, no BIOS data area, no INT services.
 *
 * @module
 */

import { GPA } from "../board/addresses.ts";
import { UserError } from "../errors.ts";
import { enterRealMode } from "./cpu_modes.ts";
import { byteSize, hex } from "./format.ts";
import type { ImageFile } from "./image_file.ts";
import type { Kernel, KernelInfo } from "./kernel.ts";

/** Where a BIOS loads a boot sector. */
export const BOOT_SECTOR_ADDRESS = 0x7c00;
/** DL as a BIOS sets it: booted from the first hard disk. */
const FIRST_DISK = 0x80;
const SEGMENT = 0x1_0000;
const STACK_SIZE = 1024;
/** The image ends here at the latest, so that there is always room for a stack. */
const IMAGE_END = GPA.LOW_MEMORY_END - STACK_SIZE;

/**
 * Makes a kernel of any bytes.
 *
 * It starts at its first byte: at 0:`address` where that fits in 16 bits, else at segment `address` / 16.
 *
 * @param address guest-physical, in conventional memory.
 * @throws {UserError} if it does not fit in conventional memory there.
 */
export function flatKernel(file: ImageFile, address = BOOT_SECTOR_ADDRESS): Kernel {
  if (!Number.isSafeInteger(address) || address < 0 || address >= IMAGE_END) {
    throw new UserError(
      `a flat binary cannot be loaded at ${address}: conventional memory ends at ${hex(IMAGE_END)}`,
      { field: "flatAddress" },
    );
  }
  const end = address + file.size;
  if (end > IMAGE_END) {
    throw new UserError(
      `${file.name} (${byteSize(file.size)}) is too large for a flat binary: from ${hex(address)} on ` +
        `there are ${byteSize(IMAGE_END - address)} of conventional memory`,
      { field: "kernel" },
    );
  }
  const info: KernelInfo = {
    protocol: "flat",
    description: `flat binary at ${hex(address)}, real mode`,
    cmdlineLimit: 0,
    takesInitrd: false,
    takesModules: false,
    minimumMemory: end,
  };
  return {
    info,
    plan(placement) {
      placement.claim(file.name, address, file.size);
      const stack = stackFor(address, end);
      return () => {
        file.read(0, placement.ram.view(address, file.size));
        const codeSegment = address < SEGMENT ? 0 : address >> 4;
        const { protocol, description } = info;
        const registers = { rdx: FIRST_DISK, rsp: stack.pointer };
        const rip = address - codeSegment * 16;
        return enterRealMode({ protocol, description, rip, registers }, codeSegment, stack.segment);
      };
    },
  };
}

/** Below 0x7c00, as boot sectors have it; where the image itself lies there, at the end of conventional memory. */
function stackFor(start: number, end: number): { segment: number; pointer: number } {
  if (end <= BOOT_SECTOR_ADDRESS - STACK_SIZE || start >= BOOT_SECTOR_ADDRESS) {
    return { segment: 0, pointer: BOOT_SECTOR_ADDRESS };
  }
  const segment = 0x9000;
  return { segment, pointer: GPA.LOW_MEMORY_END - segment * 16 };
}
