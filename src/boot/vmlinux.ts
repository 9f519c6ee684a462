/**
 * vmlinux: Linux as an uncompressed ELF, entered in 64-bit mode with a zero page.
 *
 * @module
 */

import { UserError } from "../errors.ts";
import { BOOT_FLAG, HDRS, LOADED_HIGH, setup_header, XLF_KERNEL_64 } from "./boot_params.ts";
import { LINUX_COMMAND_LINE } from "./command_line.ts";
import { elfEntry, type ElfFile, elfSegments } from "./elf.ts";
import type { ImageFile } from "./image_file.ts";
import { DEFAULT_INITRD_MAX } from "./initrd.ts";
import type { Kernel, KernelInfo } from "./kernel.ts";
import { claimSegments, readSegments, segmentsEnd } from "./segments.ts";
import { planLinux } from "./zero_page.ts";

/** An ELF has no setup header; this is the one of a kernel that speaks protocol 2.15, the newest with a field for us. */
const PROTOCOL = 0x020f;
/** What Linux for x86-64 is built with (CONFIG_PHYSICAL_ALIGN's default). */
const KERNEL_ALIGNMENT = 0x20_0000;

/**
 * Makes a kernel of an ELF's headers.
 *
 * @throws {UserError} if it is a 32-bit one or its entry lies nowhere.
 */
export function vmlinuxKernel(file: ImageFile, elf: ElfFile): Kernel {
  if (elf.bits !== 64) {
    throw new UserError(`${file.name} is a 32-bit ELF, and the 64-bit entry needs a 64-bit one`, {
      field: "kernel",
      hint: "Of 32-bit ELF files, those with a PVH note or a multiboot header can be booted.",
    });
  }
  const segments = elfSegments(file, elf);
  const rip = elfEntry(file, elf, segments);
  const info: KernelInfo = {
    protocol: "elf",
    description: "64-bit ELF, Linux's 64-bit entry",
    cmdlineLimit: LINUX_COMMAND_LINE,
    takesInitrd: true,
    takesModules: false,
    minimumMemory: segmentsEnd(segments),
  };
  return {
    info,
    plan: (placement, extras) =>
      planLinux(placement, {
        info,
        header: madeHeader(),
        loadAddress: Math.min(...segments.map((segment) => segment.gpa)),
        rip,
        initrdMax: DEFAULT_INITRD_MAX,
        claim: () => claimSegments(placement, file, segments),
        read: (ram) => readSegments(ram, file, segments),
      }, extras),
  };
}

function madeHeader(): Uint8Array {
  const header = setup_header.create();
  header.boot_flag = BOOT_FLAG;
  header.header = HDRS;
  header.version = PROTOCOL;
  header.loadflags = LOADED_HIGH;
  header.xloadflags = XLF_KERNEL_64;
  header.initrd_addr_max = DEFAULT_INITRD_MAX;
  header.kernel_alignment = KERNEL_ALIGNMENT;
  header.cmdline_size = LINUX_COMMAND_LINE;
  return header.$bytes;
}
