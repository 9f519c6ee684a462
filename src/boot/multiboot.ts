/**
 * Multiboot 1: the protocol of GRUB and of most small kernels. A 32-bit entry with modules and a memory map.
 *
 * Source: Multiboot Specification 0.6.96, §3.2 and §3.3.
 *
 * @module
 */

import { array, packed, struct, u16, u32, u64, u8 } from "../../ffi/layout.ts";
import { GPA } from "../board/addresses.ts";
import { UserError } from "../errors.ts";
import { LONGEST_COMMAND_LINE } from "./command_line.ts";
import { enterProtectedMode } from "./cpu_modes.ts";
import { elfEntry, type ElfFile, elfSegments } from "./elf.ts";
import { zeroedStruct } from "./guest_struct.ts";
import { type Handover, planHandover } from "./handover.ts";
import type { ImageFile } from "./image_file.ts";
import type { Kernel, KernelInfo } from "./kernel.ts";
import { addressedSegment, checkDemands, type FoundHeader, givesAddresses } from "./multiboot_header.ts";
import type { Placement } from "./placement.ts";
import { segmentsEnd } from "./segments.ts";

export const multiboot_info = struct("multiboot_info", {
  flags: u32,
  mem_lower: u32,
  mem_upper: u32,
  boot_device: u32,
  cmdline: u32,
  mods_count: u32,
  mods_addr: u32,
  syms: array(u32, 4),
  mmap_length: u32,
  mmap_addr: u32,
  drives_length: u32,
  drives_addr: u32,
  config_table: u32,
  boot_loader_name: u32,
  apm_table: u32,
  vbe_control_info: u32,
  vbe_mode_info: u32,
  vbe_mode: u16,
  vbe_interface_seg: u16,
  vbe_interface_off: u16,
  vbe_interface_len: u16,
  framebuffer_addr: u64,
  framebuffer_pitch: u32,
  framebuffer_width: u32,
  framebuffer_height: u32,
  framebuffer_bpp: u8,
  framebuffer_type: u8,
  color_info: array(u8, 6),
});

export const multiboot_module = struct("multiboot_module", {
  mod_start: u32,
  mod_end: u32,
  cmdline: u32,
  reserved: u32,
});

/** `size` does not count itself. */
export const multiboot_mmap_entry = packed("multiboot_mmap_entry", {
  size: u32,
  addr: u64,
  len: u64,
  type: u32,
});

/** In EAX at the entry. */
const LOADER_MAGIC = 0x2bad_b002;
/** Bits of the information's `flags`: which fields are there. */
const INFO = {
  MEMORY: 1 << 0,
  CMDLINE: 1 << 2,
  MODULES: 1 << 3,
  MEMORY_MAP: 1 << 6,
  LOADER_NAME: 1 << 9,
} as const;
const LOADER_NAME = new TextEncoder().encode("Denovisor\0");
const KIB = 1024;

/**
 * Makes a kernel of a multiboot header.
 *
 * @param elf the file's ELF headers, needed where the header gives no addresses.
 * @throws {UserError} if header or ELF contradict themselves or ask for the unknown.
 */
export function multibootKernel(file: ImageFile, found: FoundHeader, elf: ElfFile | undefined): Kernel {
  checkDemands(file, found);
  const { segments, entry } = segmentsOf(file, found, elf);
  const info: KernelInfo = {
    protocol: "multiboot",
    description: `${elf ? `${elf.bits}-bit ELF` : "flat image"} with a multiboot header`,
    cmdlineLimit: LONGEST_COMMAND_LINE,
    takesInitrd: true,
    takesModules: true,
    minimumMemory: segmentsEnd(segments),
  };
  return {
    info,
    plan(placement, extras) {
      const end = Math.max(segmentsEnd(segments), GPA.HIGH_MEMORY);
      const handover = planHandover(placement, {
        file,
        segments,
        tableSizes: (modules) => [
          multiboot_info.size,
          modules * multiboot_module.size,
          placement.map.length * multiboot_mmap_entry.size,
          LOADER_NAME.length,
        ],
        // Right behind the kernel, as GRUB does: many kernels map no more than their first few MiB.
        place: (module, field) => ({
          file: module,
          gpa: placement.claimLow(`module ${module.name}`, module.size, end, field),
        }),
      }, extras);
      return () => {
        handover.write(placement.ram);
        const registers = { rax: LOADER_MAGIC, rbx: writeInfo(placement, handover) };
        const { protocol, description } = info;
        return enterProtectedMode(placement.ram, { protocol, description, rip: entry, registers });
      };
    },
  };
}

function segmentsOf(file: ImageFile, found: FoundHeader, elf: ElfFile | undefined) {
  if (givesAddresses(found)) {
    const { segment, entry } = addressedSegment(file, found);
    return { segments: [segment], entry };
  }
  if (!elf) {
    throw new UserError(`${file.name} has a multiboot header without load addresses and is no ELF either`, {
      field: "kernel",
      hint: "Set flag 16 in its header and give the addresses there, or link it as ELF.",
    });
  }
  const segments = elfSegments(file, elf);
  return { segments, entry: elfEntry(file, elf, segments) };
}

/** Writes the tables and returns the address of the information. */
function writeInfo({ ram, map }: Placement, { tables, modules, cmdline }: Handover): number {
  const [infoAt, modulesAt, mapAt, nameAt] = tables as [number, number, number, number];
  const info = zeroedStruct(ram, multiboot_info, infoAt);
  info.flags = INFO.MEMORY | INFO.CMDLINE | INFO.MODULES | INFO.MEMORY_MAP | INFO.LOADER_NAME;
  info.mem_lower = GPA.LOW_MEMORY_END / KIB;
  const upper = map.find((range) => range.gpa === GPA.HIGH_MEMORY);
  info.mem_upper = Math.floor((upper?.size ?? 0) / KIB);
  info.cmdline = cmdline;
  info.mods_count = modules.length;
  info.mods_addr = modulesAt;
  info.mmap_addr = mapAt;
  info.mmap_length = map.length * multiboot_mmap_entry.size;
  info.boot_loader_name = nameAt;
  ram.view(nameAt, LOADER_NAME.length).set(LOADER_NAME);
  for (const [index, module] of modules.entries()) {
    const entry = zeroedStruct(ram, multiboot_module, modulesAt + index * multiboot_module.size);
    entry.mod_start = module.gpa;
    entry.mod_end = module.gpa + module.file.size;
    entry.cmdline = module.cmdline;
  }
  for (const [index, range] of map.entries()) {
    const entry = zeroedStruct(ram, multiboot_mmap_entry, mapAt + index * multiboot_mmap_entry.size);
    entry.size = multiboot_mmap_entry.size - 4;
    entry.addr_num = range.gpa;
    entry.len_num = range.size;
    entry.type = range.type;
  }
  return infoAt;
}
