/**
 * ELF's structures and numbers, as far as loading a kernel takes them.
 *
 * Sources: System V gABI, chapters 4 and 5, "ELF Header" and "Program Header"; elf.h.
 *
 * @module
 */

import { array, struct, u16, u32, u64, u8, type View } from "../../ffi/layout.ts";

export const Elf64_Ehdr = struct("Elf64_Ehdr", {
  e_ident: array(u8, 16),
  e_type: u16,
  e_machine: u16,
  e_version: u32,
  e_entry: u64,
  e_phoff: u64,
  e_shoff: u64,
  e_flags: u32,
  e_ehsize: u16,
  e_phentsize: u16,
  e_phnum: u16,
  e_shentsize: u16,
  e_shnum: u16,
  e_shstrndx: u16,
});

export const Elf32_Ehdr = struct("Elf32_Ehdr", {
  e_ident: array(u8, 16),
  e_type: u16,
  e_machine: u16,
  e_version: u32,
  e_entry: u32,
  e_phoff: u32,
  e_shoff: u32,
  e_flags: u32,
  e_ehsize: u16,
  e_phentsize: u16,
  e_phnum: u16,
  e_shentsize: u16,
  e_shnum: u16,
  e_shstrndx: u16,
});

export const Elf64_Phdr = struct("Elf64_Phdr", {
  p_type: u32,
  p_flags: u32,
  p_offset: u64,
  p_vaddr: u64,
  p_paddr: u64,
  p_filesz: u64,
  p_memsz: u64,
  p_align: u64,
});

export const Elf32_Phdr = struct("Elf32_Phdr", {
  p_type: u32,
  p_offset: u32,
  p_vaddr: u32,
  p_paddr: u32,
  p_filesz: u32,
  p_memsz: u32,
  p_flags: u32,
  p_align: u32,
});

/** A note's fixed part; name and descriptor follow. */
export const Elf_Nhdr = struct("Elf_Nhdr", { n_namesz: u32, n_descsz: u32, n_type: u32 });
export type ElfNoteHeader = View<typeof Elf_Nhdr>;

/** Indexes and values of `e_ident`. */
export const EI_CLASS = 4, EI_DATA = 5;
export const ELFCLASS32 = 1, ELFCLASS64 = 2;
export const ELFDATA2LSB = 1;
/** `e_type`. */
export const ET_REL = 1, ET_EXEC = 2, ET_DYN = 3, ET_CORE = 4;
/** `e_machine`. */
export const EM_386 = 3, EM_X86_64 = 62;
/** `p_type`. */
export const PT_LOAD = 1, PT_NOTE = 4;

/** Other machines by `e_machine`, for messages (elf.h). */
export const MACHINE_NAMES: ReadonlyMap<number, string> = new Map([
  [2, "SPARC"],
  [4, "Motorola 68000"],
  [8, "MIPS"],
  [20, "PowerPC"],
  [21, "64-bit PowerPC"],
  [22, "IBM S/390"],
  [40, "32-bit Arm"],
  [43, "SPARC V9"],
  [50, "Itanium"],
  [183, "64-bit Arm (AArch64)"],
  [243, "RISC-V"],
  [247, "BPF"],
  [258, "LoongArch"],
]);
