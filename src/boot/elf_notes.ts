/**
 * ELF notes: how a kernel names its PVH entry.
 *
 * Sources: System V gABI, chapter 5, "Note Section"; Xen's public/elfnote.h.
 *
 * @module
 */

import { Elf_Nhdr, PT_NOTE } from "./elf_format.ts";
import type { ElfFile } from "./elf.ts";
import { type ImageFile, readBytes } from "./image_file.ts";

/** `XEN_ELFNOTE_PHYS32_ENTRY`: the 32-bit physical entry address. */
export const XEN_ELFNOTE_PHYS32_ENTRY = 18;

/** One note. */
export interface ElfNote {
  /** Who defined the type, for example `Xen`. */
  readonly owner: string;
  readonly type: number;
  readonly value: Uint8Array;
}

/** Notes are a few KiB at most (Linux's hold a build id and a salt); more is not looked at. */
const MAX_NOTES_SIZE = 64 * 1024;

/** All notes of the file. Malformed ones end the list: nothing but PVH depends on them. */
export function elfNotes(file: ImageFile, elf: ElfFile): ElfNote[] {
  return elf.headers.filter((header) => header.type === PT_NOTE).flatMap(({ offset, fileSize, align }) =>
    // 8 is seen in the wild for 64-bit property notes only; all else is aligned to 4 whatever p_align says.
    parseNotes(readBytes(file, offset, Math.min(fileSize, MAX_NOTES_SIZE)), align === 8n ? 8 : 4)
  );
}

/** The PVH entry address, if the file has one. */
export function pvhEntry(notes: readonly ElfNote[]): number | undefined {
  const note = notes.find(({ owner, type }) => owner === "Xen" && type === XEN_ELFNOTE_PHYS32_ENTRY);
  // 4 or 8 bytes; the address is a 32-bit one either way.
  if (!note || note.value.length < 4) return undefined;
  return new DataView(note.value.buffer, note.value.byteOffset).getUint32(0, true);
}

function parseNotes(bytes: Uint8Array<ArrayBuffer>, align: number): ElfNote[] {
  const notes: ElfNote[] = [];
  const padded = (size: number) => Math.ceil(size / align) * align;
  for (let at = 0; at + Elf_Nhdr.size <= bytes.length;) {
    const { n_namesz, n_descsz, n_type } = Elf_Nhdr.at(bytes.buffer, at);
    const name = at + Elf_Nhdr.size;
    const value = at + padded(Elf_Nhdr.size + n_namesz);
    const end = value + n_descsz;
    if (name + n_namesz > bytes.length || end > bytes.length) break;
    const owner = String.fromCharCode(...bytes.subarray(name, name + Math.min(n_namesz, 16))).replace(
      /\0.*$/s,
      "",
    );
    notes.push({ owner, type: n_type, value: bytes.slice(value, end) });
    at = value + padded(n_descsz);
  }
  return notes;
}
