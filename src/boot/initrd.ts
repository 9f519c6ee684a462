/**
 * Initial RAM disks and modules: where they go, and reading them there.
 *
 * @module
 */

import { alignUp } from "../../ffi/layout.ts";
import { GPA } from "../board/addresses.ts";
import type { GuestRam } from "../memory/guest_memory.ts";
import type { ImageFile } from "./image_file.ts";
import type { Placement } from "./placement.ts";

/**
 * The highest address of an initrd for a kernel that names no limit of its own: what every 64-bit Linux has in
 * `initrd_addr_max` (arch/x86/boot/header.S).
 */
export const DEFAULT_INITRD_MAX = 0x7fff_ffff;

/** A file with its place in guest memory. */
export interface PlacedFile {
  readonly file: ImageFile;
  readonly gpa: number;
}

/**
 * Finds a place for an initrd: page-aligned, as high as allowed and out of the way of what the kernel unpacks.
 *
 * @param highest the highest address that its last byte may have.
 * @throws {UserError} if it does not fit.
 */
export function placeInitrd(
  placement: Placement,
  file: ImageFile,
  highest: number,
  field = "initrd",
): PlacedFile {
  const below = Math.min(highest + 1, GPA.HOLE_START);
  return {
    file,
    gpa: placement.claimHigh(
      `${field === "initrd" ? "initrd" : "module"} ${file.name}`,
      file.size,
      below,
      field,
    ),
  };
}

/** Reads it straight into guest memory. */
export function readPlaced(ram: GuestRam, { file, gpa }: PlacedFile): void {
  file.read(0, ram.view(gpa, file.size));
}

/** The kernel's unpacker takes several archives in a row, each at a multiple of 4 (Documentation/driver-api/early-userspace/buffer-format.rst). */
const ARCHIVE_ALIGN = 4;

/**
 * Several initrds as one, as boot loaders do with microcode and overlays: later archives add to the earlier.
 * Disposing of it disposes of all parts.
 */
export function joinedInitrd(parts: readonly ImageFile[]): ImageFile {
  const starts: number[] = [];
  let size = 0;
  for (const part of parts) {
    starts.push(size = alignUp(size, ARCHIVE_ALIGN));
    size += part.size;
  }
  return {
    name: parts.map((part) => part.name).join(" + "),
    size,
    read(offset, into) {
      into.fill(0);
      for (const [index, part] of parts.entries()) {
        const start = starts[index]!;
        const from = Math.max(start, offset), to = Math.min(start + part.size, offset + into.length);
        if (from < to) part.read(from - start, into.subarray(from - offset, to - offset));
      }
    },
    [Symbol.dispose]() {
      for (const part of parts) part[Symbol.dispose]();
    },
  };
}
