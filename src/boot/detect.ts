/**
 * Which kind of kernel a file is.
 *
 * @module
 */

import { UserError } from "../errors.ts";
import { isLinuxImage, readBzImage } from "./bzimage.ts";
import { isElf, readElf } from "./elf.ts";
import type { BootProtocol } from "./entry.ts";
import { flatKernel } from "./flat.ts";
import { type ImageFile, readBytes } from "./image_file.ts";
import type { Kernel } from "./kernel.ts";
import { HEAD_SIZE, looksLike } from "./looks_like.ts";
import { multibootKernel } from "./multiboot.ts";
import { findMultibootHeader } from "./multiboot_header.ts";
import { hasPvhEntry, pvhKernel } from "./pvh.ts";
import { vmlinuxKernel } from "./vmlinux.ts";

/** What a user may ask for. `auto` takes what the file is, and never `flat`, which any file is. */
export type ProtocolChoice = "auto" | BootProtocol;

/** All choices, for help texts and schemas. */
export const PROTOCOL_CHOICES: readonly ProtocolChoice[] = [
  "auto",
  "linux",
  "elf",
  "pvh",
  "multiboot",
  "flat",
];

const ACCEPTED =
  "Accepted are: a Linux bzImage (vmlinuz), an ELF kernel (vmlinux; by PVH where it has the note), " +
  "a multiboot 1 kernel, and with the flat protocol any bytes for real mode.";

/**
 * Reads a kernel file's headers and checks all in them that needs no guest.
 *
 * With `auto` a file that could be booted in several ways is taken as, in this order: bzImage, PVH, multiboot, and
 * 64-bit ELF.
 *
 * @throws {UserError} if it is no kernel, or not of the kind asked for.
 */
export function readKernel(file: ImageFile, choice: ProtocolChoice, flatAddress?: number): Kernel {
  if (choice === "flat") return flatKernel(file, flatAddress);
  if (flatAddress !== undefined) {
    throw new UserError("a load address can be chosen for the flat protocol only", { field: "flatAddress" });
  }
  const head = readBytes(file, 0, Math.min(file.size, HEAD_SIZE));
  if (choice === "linux" || choice === "auto" && isLinuxImage(head)) {
    if (!isLinuxImage(head)) throw notA(file, "Linux bzImage", head);
    return readBzImage(file);
  }
  const multiboot = findMultibootHeader(head);
  const elf = isElf(head) ? readElf(file) : undefined;
  switch (choice) {
    case "elf":
      if (!elf) throw notA(file, "ELF kernel", head);
      return vmlinuxKernel(file, elf);
    case "pvh":
      if (!elf) throw notA(file, "ELF kernel", head);
      return pvhKernel(file, elf);
    case "multiboot":
      if (!multiboot) throw notA(file, "multiboot 1 kernel", head);
      return multibootKernel(file, multiboot, elf);
    case "auto":
      if (elf && hasPvhEntry(file, elf)) return pvhKernel(file, elf);
      if (multiboot) return multibootKernel(file, multiboot, elf);
      if (elf) return vmlinuxKernel(file, elf);
      throw notA(file, "kernel", head);
  }
}

function notA(file: ImageFile, kind: string, head: Uint8Array): UserError {
  const { what, hint } = isLinuxImage(head)
    ? { what: "a Linux bzImage" }
    : isElf(head)
    ? { what: "an ELF file" }
    : looksLike(head);
  return new UserError(`${file.name} is no ${kind}: it looks like ${what}`, {
    field: "kernel",
    hint: [hint, ACCEPTED].filter((part) => part !== undefined).join(" "),
  });
}
