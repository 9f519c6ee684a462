/**
 * PVH: Xen's direct boot ABI, which Linux and the BSDs take on any hypervisor. A 32-bit entry named by an ELF note.
 *
 * Sources: Xen's docs/misc/pvh.pandoc and public/arch-x86/hvm/start_info.h.
 *
 * @module
 */

import { struct, u32, u64 } from "../../ffi/layout.ts";
import { UserError } from "../errors.ts";
import { LINUX_COMMAND_LINE, LONGEST_COMMAND_LINE } from "./command_line.ts";
import { enterProtectedMode } from "./cpu_modes.ts";
import { damaged, type ElfFile, elfSegments } from "./elf.ts";
import { elfNotes, pvhEntry } from "./elf_notes.ts";
import { hex } from "./format.ts";
import { zeroedStruct } from "./guest_struct.ts";
import { type Handover, planHandover } from "./handover.ts";
import type { ImageFile } from "./image_file.ts";
import { DEFAULT_INITRD_MAX, placeInitrd } from "./initrd.ts";
import type { Kernel, KernelInfo } from "./kernel.ts";
import type { Placement } from "./placement.ts";
import { inSegments, segmentsEnd } from "./segments.ts";

export const hvm_start_info = struct("hvm_start_info", {
  magic: u32,
  version: u32,
  flags: u32,
  nr_modules: u32,
  modlist_paddr: u64,
  cmdline_paddr: u64,
  rsdp_paddr: u64,
  memmap_paddr: u64,
  memmap_entries: u32,
  reserved: u32,
});

export const hvm_modlist_entry = struct("hvm_modlist_entry", {
  paddr: u64,
  size: u64,
  cmdline_paddr: u64,
  reserved: u64,
});

export const hvm_memmap_table_entry = struct("hvm_memmap_table_entry", {
  addr: u64,
  size: u64,
  type: u32,
  reserved: u32,
});

/** `XEN_HVM_START_MAGIC_VALUE`: "xEn3" with the top bit of the E set. */
const START_MAGIC = 0x336e_c578;
/** The first version with a memory map. */
const START_VERSION = 1;

/** Whether an ELF names a PVH entry. */
export function hasPvhEntry(file: ImageFile, elf: ElfFile): boolean {
  return pvhEntry(elfNotes(file, elf)) !== undefined;
}

/**
 * Makes a kernel of an ELF's headers and notes.
 *
 * @throws {UserError} if it has no PVH entry, or one that lies nowhere.
 */
export function pvhKernel(file: ImageFile, elf: ElfFile): Kernel {
  const notes = elfNotes(file, elf);
  const rip = pvhEntry(notes);
  if (rip === undefined) {
    throw new UserError(`${file.name} has no PVH entry (Xen's ELF note 18)`, {
      field: "kernel",
      hint: "A Linux kernel has one if it is built with CONFIG_PVH.",
    });
  }
  const segments = elfSegments(file, elf);
  if (!inSegments(segments, rip)) {
    throw damaged(file, `its PVH entry ${hex(rip)} lies in none of its segments`);
  }
  // Linux puts notes of its own into every vmlinux (include/linux/elfnote-lto.h, build-salt.h).
  const isLinux = notes.some(({ owner }) => owner === "Linux");
  const info: KernelInfo = {
    protocol: "pvh",
    description: `${elf.bits}-bit ELF${isLinux ? " (Linux)" : ""}, PVH entry`,
    cmdlineLimit: isLinux ? LINUX_COMMAND_LINE : LONGEST_COMMAND_LINE,
    takesInitrd: true,
    takesModules: true,
    minimumMemory: segmentsEnd(segments),
  };
  return {
    info,
    plan(placement, extras) {
      const handover = planHandover(placement, {
        file,
        segments,
        tableSizes: (modules) => [
          hvm_start_info.size,
          modules * hvm_modlist_entry.size,
          placement.map.length * hvm_memmap_table_entry.size,
        ],
        place: (module, field) => placeInitrd(placement, module, DEFAULT_INITRD_MAX, field),
      }, extras);
      return () => {
        handover.write(placement.ram);
        const rbx = writeStartInfo(placement, handover, extras.acpiRsdp);
        const { protocol, description } = info;
        return enterProtectedMode(placement.ram, { protocol, description, rip, registers: { rbx } });
      };
    },
  };
}

/** Writes the tables and returns the address of `hvm_start_info`. */
function writeStartInfo({ ram, map }: Placement, handover: Handover, acpiRsdp: number): number {
  const [infoAt, modulesAt, mapAt] = handover.tables as [number, number, number];
  const info = zeroedStruct(ram, hvm_start_info, infoAt);
  info.magic = START_MAGIC;
  info.version = START_VERSION;
  info.nr_modules = handover.modules.length;
  info.modlist_paddr_num = handover.modules.length > 0 ? modulesAt : 0;
  info.cmdline_paddr_num = handover.cmdline;
  info.rsdp_paddr_num = acpiRsdp;
  info.memmap_paddr_num = mapAt;
  info.memmap_entries = map.length;
  for (const [index, module] of handover.modules.entries()) {
    const entry = zeroedStruct(ram, hvm_modlist_entry, modulesAt + index * hvm_modlist_entry.size);
    entry.paddr_num = module.gpa;
    entry.size_num = module.file.size;
    entry.cmdline_paddr_num = module.cmdline;
  }
  for (const [index, range] of map.entries()) {
    const entry = zeroedStruct(ram, hvm_memmap_table_entry, mapAt + index * hvm_memmap_table_entry.size);
    entry.addr_num = range.gpa;
    entry.size_num = range.size;
    entry.type = range.type;
  }
  return infoAt;
}
