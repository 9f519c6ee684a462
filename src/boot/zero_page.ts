/**
 * Entering Linux in 64-bit mode: the zero page, the command line, the initrd and the registers.
 *
 * Source: Documentation/arch/x86/boot.rst, "64-bit Boot Protocol".
 *
 * @module
 */

import { alignUp } from "../../ffi/layout.ts";
import { GPA } from "../board/addresses.ts";
import type { GuestRam } from "../memory/guest_memory.ts";
import {
  boot_params,
  E820_MAX_ENTRIES_ZEROPAGE,
  LOADER_UNDEFINED,
  SETUP_HEADER_OFFSET,
} from "./boot_params.ts";
import { CommandLineArea } from "./command_line.ts";
import { claimLongMode, enterLongMode } from "./cpu_modes.ts";
import { zeroedStruct } from "./guest_struct.ts";
import { type PlacedFile, placeInitrd, readPlaced } from "./initrd.ts";
import type { BootExtras, KernelInfo, WriteKernel } from "./kernel.ts";
import type { Placement } from "./placement.ts";

/** What differs between a bzImage and an ELF. */
export interface LinuxEntry {
  readonly info: KernelInfo;
  /** Setup header from 0x1f1 on: the image's own, or one made for an ELF. Its loader's fields are filled in here. */
  readonly header: Uint8Array;
  /** Where the kernel's 32-bit code was loaded. */
  readonly loadAddress: number;
  /** The first instruction. */
  readonly rip: number;
  readonly initrdMax: number;
  /** Claims the kernel's own memory, and reads it there. */
  claim(placement: Placement): void;
  read(ram: GuestRam): void;
}

/** Plans a 64-bit Linux entry. The kernel's memory is claimed before the initrd looks for a place. */
export function planLinux(placement: Placement, kernel: LinuxEntry, extras: BootExtras): WriteKernel {
  claimLongMode(placement);
  placement.claim("Linux's zero page", GPA.ZERO_PAGE, boot_params.size);
  const strings = new CommandLineArea();
  const commandLine = strings.add(extras.cmdline);
  placement.claim("the command line", GPA.COMMAND_LINE, alignUp(strings.size, 8));
  kernel.claim(placement);
  const initrd = extras.initrd && placeInitrd(placement, extras.initrd, kernel.initrdMax);
  return () => {
    const { ram } = placement;
    kernel.read(ram);
    if (initrd) readPlaced(ram, initrd);
    strings.write(ram);
    writeZeroPage(placement, kernel, commandLine, initrd, extras.acpiRsdp);
    const { protocol, description } = kernel.info;
    return enterLongMode(ram, { protocol, description, rip: kernel.rip, registers: { rsi: GPA.ZERO_PAGE } });
  };
}

function writeZeroPage(
  placement: Placement,
  { header, loadAddress }: LinuxEntry,
  commandLine: number,
  initrd: PlacedFile | undefined,
  acpiRsdp: number,
): void {
  const page = zeroedStruct(placement.ram, boot_params, GPA.ZERO_PAGE);
  page.$bytes.set(header, SETUP_HEADER_OFFSET);
  page.acpi_rsdp_addr_num = acpiRsdp;
  const { hdr } = page;
  hdr.type_of_loader = LOADER_UNDEFINED;
  hdr.code32_start = loadAddress;
  hdr.cmd_line_ptr = commandLine;
  hdr.setup_data_num = 0;
  hdr.ramdisk_image = initrd?.gpa ?? 0;
  hdr.ramdisk_size = initrd?.file.size ?? 0;
  const map = placement.map.slice(0, E820_MAX_ENTRIES_ZEROPAGE);
  page.e820_entries = map.length;
  for (const [index, { gpa, size, type }] of map.entries()) {
    const entry = page.e820_table[index]!;
    entry.addr_num = gpa;
    entry.size_num = size;
    entry.type = type;
  }
}
