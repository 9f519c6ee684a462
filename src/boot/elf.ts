/**
 * Reading an ELF file's headers, each bound checked before it is used.
 *
 * @module
 */

import type { View } from "../../ffi/layout.ts";
import { GPA } from "../board/addresses.ts";
import { UserError } from "../errors.ts";
import {
  EI_CLASS,
  EI_DATA,
  Elf32_Ehdr,
  Elf32_Phdr,
  Elf64_Ehdr,
  Elf64_Phdr,
  ELFCLASS32,
  ELFCLASS64,
  ELFDATA2LSB,
  EM_386,
  EM_X86_64,
  ET_CORE,
  ET_DYN,
  ET_EXEC,
  ET_REL,
  MACHINE_NAMES,
  PT_LOAD,
  PT_NOTE,
} from "./elf_format.ts";
import { hexRange } from "./format.ts";
import { type ImageFile, readBytes } from "./image_file.ts";
import { inSegments, type LoadSegment } from "./segments.ts";

/** A program header that says what to load, or where the notes are. */
export interface ProgramHeader {
  readonly type: typeof PT_LOAD | typeof PT_NOTE;
  /** Bytes of the file, all of them there. */
  readonly offset: number;
  readonly fileSize: number;
  /** Below 2^53. */
  readonly paddr: number;
  readonly memorySize: number;
  /** Any 64-bit address. */
  readonly vaddr: bigint;
  readonly align: bigint;
}

/** What loading takes of an ELF file. */
export interface ElfFile {
  readonly bits: 32 | 64;
  /** `e_entry`: any 64-bit address. */
  readonly entry: bigint;
  /** PT_LOAD and PT_NOTE headers in the file's order. */
  readonly headers: readonly ProgramHeader[];
}

/** No kernel has nearly as many; a file that claims more is damaged. */
const MAX_HEADERS = 1024;
/** Up to and with `e_machine`, the same for both classes. */
const COMMON_HEADER = 20;

/** Whether a file's first bytes are an ELF's. */
export function isElf(head: Uint8Array): boolean {
  return head.length >= 4 && head[0] === 0x7f && head[1] === 0x45 && head[2] === 0x4c && head[3] === 0x46;
}

/**
 * Reads the headers of an ELF executable for x86.
 *
 * @throws {UserError} if it is for another machine, no executable, truncated, or contradicts itself.
 */
export function readElf(file: ImageFile): ElfFile {
  const bits = checkIdentity(file, readBytes(file, 0, COMMON_HEADER));
  const [header, phdr] = bits === 64
    ? [Elf64_Ehdr.at(readBytes(file, 0, Elf64_Ehdr.size).buffer), Elf64_Phdr]
    : [Elf32_Ehdr.at(readBytes(file, 0, Elf32_Ehdr.size).buffer), Elf32_Phdr];
  const { e_phnum: count, e_phentsize: entrySize } = header;
  if (count === 0) throw damaged(file, "it has no program headers, so there is nothing to load");
  if (count > MAX_HEADERS) throw damaged(file, `it claims ${count} program headers`);
  if (entrySize !== phdr.size) {
    throw damaged(file, `its program headers have ${entrySize} bytes each instead of ${phdr.size}`);
  }
  const table = readBytes(file, exact(file, "e_phoff", header.e_phoff), count * entrySize).buffer;
  const headers: ProgramHeader[] = [];
  for (let index = 0; index < count; index++) {
    const view = phdr.at(table, index * entrySize);
    const type = view.p_type;
    if (type === PT_LOAD || type === PT_NOTE) headers.push(readHeader(file, type, view));
  }
  return { bits, entry: BigInt(header.e_entry), headers };
}

/**
 * The parts of the file to load. Segments without memory are left out.
 *
 * @throws {UserError} if there are none, or one lies above 4 GiB.
 */
export function elfSegments(file: ImageFile, elf: ElfFile): LoadSegment[] {
  const loaded = elf.headers.filter((header) => header.type === PT_LOAD);
  const segments = loaded.map(({ paddr, memorySize, offset, fileSize }, index) => (
    { name: `ELF segment ${index}`, gpa: paddr, memorySize, fileOffset: offset, fileSize }
  )).filter((segment) => segment.memorySize > 0);
  if (segments.length === 0) throw damaged(file, "it has no segment to load");
  // No entry can reach further: not the 32-bit ones, and not the 64-bit one's page tables.
  const far = segments.find((segment) => segment.gpa + segment.memorySize > GPA.HOLE_END);
  if (far) throw damaged(file, `${far.name} (${hexRange(far.gpa, far.memorySize)}) lies above 4 GiB`);
  return segments;
}

/**
 * The guest-physical address of `e_entry`. Linux gives a physical address there; others, as the gABI means it, a virtual
 * one, which is then looked up in the segments.
 *
 * @throws {UserError} if no segment holds it.
 */
export function elfEntry(file: ImageFile, elf: ElfFile, segments: readonly LoadSegment[]): number {
  const { entry, headers } = elf;
  if (entry <= Number.MAX_SAFE_INTEGER && inSegments(segments, Number(entry))) return Number(entry);
  for (const { type, vaddr, memorySize, paddr } of headers) {
    if (type !== PT_LOAD || entry < vaddr || entry - vaddr >= memorySize) continue;
    return paddr + Number(entry - vaddr);
  }
  throw damaged(file, `its entry address 0x${entry.toString(16)} lies in none of its segments`);
}

/** An error for a file that contradicts itself. */
export function damaged(file: ImageFile, what: string): UserError {
  return new UserError(`${file.name} is not a loadable ELF: ${what}`, { field: "kernel" });
}

type AnyHeader = View<typeof Elf64_Phdr> | View<typeof Elf32_Phdr>;

function readHeader(file: ImageFile, type: ProgramHeader["type"], view: AnyHeader): ProgramHeader {
  const header = {
    type,
    offset: exact(file, "p_offset", view.p_offset),
    fileSize: exact(file, "p_filesz", view.p_filesz),
    paddr: exact(file, "p_paddr", view.p_paddr),
    memorySize: exact(file, "p_memsz", view.p_memsz),
    vaddr: BigInt(view.p_vaddr),
    align: BigInt(view.p_align),
  };
  const { offset, fileSize, memorySize } = header;
  if (offset + fileSize > file.size) {
    throw new UserError(
      `${file.name} is truncated: its program headers name bytes up to ${offset + fileSize}, ` +
        `and the file has ${file.size}`,
      { field: "kernel", hint: "Copy or download the file again." },
    );
  }
  if (type === PT_LOAD && fileSize > memorySize) {
    throw damaged(file, `a segment has ${fileSize} bytes in the file and only ${memorySize} in memory`);
  }
  return header;
}

function checkIdentity(file: ImageFile, common: Uint8Array): 32 | 64 {
  const refuse = (what: string, hint: string) =>
    new UserError(`${file.name} is ${what}`, { field: "kernel", hint });
  const accepted = "Give a kernel for x86-64, as bzImage or as ELF executable (vmlinux).";
  const bits = common[EI_CLASS] === ELFCLASS64 ? 64 : common[EI_CLASS] === ELFCLASS32 ? 32 : undefined;
  if (bits === undefined) throw damaged(file, `its class is ${common[EI_CLASS]}`);
  const little = common[EI_DATA] === ELFDATA2LSB;
  const fields = new DataView(common.buffer, common.byteOffset);
  const type = fields.getUint16(16, little), machine = fields.getUint16(18, little);
  if (!little || machine !== (bits === 64 ? EM_X86_64 : EM_386)) {
    const name = MACHINE_NAMES.get(machine) ?? `machine ${machine}`;
    throw refuse(`an ELF for ${name}${little ? "" : " (big-endian)"}, ${bits}-bit`, accepted);
  }
  if (type === ET_REL) throw refuse("an ELF object or module, not an executable", accepted);
  if (type === ET_CORE) throw refuse("an ELF core dump", accepted);
  if (type !== ET_EXEC && type !== ET_DYN) throw damaged(file, `its type is ${type}`);
  return bits;
}

/** A 64-bit field as a number. Nothing real reaches 2^53, and beyond it arithmetic on numbers would lie. */
function exact(file: ImageFile, name: string, value: bigint | number): number {
  if (value > Number.MAX_SAFE_INTEGER) throw damaged(file, `${name} is 0x${value.toString(16)}`);
  return Number(value);
}
