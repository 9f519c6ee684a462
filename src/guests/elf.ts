/**
 * Writes ELF64 files of one segment: kernel images with the note that makes them bootable by the PVH protocol, and static
 * programs.
 *
 * @module
 */

/** Xen's PVH entry point note (xen/include/public/elfnote.h: XEN_ELFNOTE_PHYS32_ENTRY). */
const XEN_ELFNOTE_PHYS32_ENTRY = 18;
/** System V ABI, gABI 4.1, chapters 4 and 5. */
const ET_EXEC = 2;
const EM_X86_64 = 62;
const PT_LOAD = 1;
const PT_NOTE = 4;
const PF_R = 4;
const PF_RWX = 7;
const EHDR_SIZE = 64;
const PHDR_SIZE = 56;
/** namesz, descsz, type, "Xen\0", and a 64-bit description as Linux and QEMU expect in an ELF64 file. */
const NOTE_SIZE = 24;
/** The segment starts here: behind two program headers and the note, a multiple of its alignment. */
const SEGMENT_OFFSET = 0x100;

/** A program to be wrapped. All numbers are guest-physical addresses or bytes. */
export interface PvhImage {
  /** The segment's contents. */
  readonly bytes: Uint8Array;
  /** Where they are loaded: a multiple of 256. */
  readonly address: number;
  /** Size in memory, at least `bytes.length`; the rest is zeroed by the loader. */
  readonly memorySize: number;
  /** 32-bit protected-mode entry point: EBX holds the address of `hvm_start_info`. */
  readonly entry: number;
}

/**
 * Wraps a program in an ELF64 file with a PVH note.
 *
 * ```ts
 * import { pvhElf } from "./elf.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const hlt = Uint8Array.of(0xf4);
 * const elf = pvhElf({ bytes: hlt, address: 0x10_0000, memorySize: 1, entry: 0x10_0000 });
 * assertEquals([...elf.subarray(0, 4)], [0x7f, 0x45, 0x4c, 0x46]);
 * ```
 */
export function pvhElf({ bytes, address, memorySize, entry }: PvhImage): Uint8Array {
  const { file, view } = oneSegment({ bytes, address, memorySize, entry, headers: 2 });
  const note = EHDR_SIZE + 2 * PHDR_SIZE;
  programHeader(view, 1, PT_NOTE, PF_R, note, 0, NOTE_SIZE, NOTE_SIZE, 4);
  view.setUint32(note, 4, true); // namesz
  view.setUint32(note + 4, 8, true); // descsz
  view.setUint32(note + 8, XEN_ELFNOTE_PHYS32_ENTRY, true);
  file.set([0x58, 0x65, 0x6e, 0], note + 12); // "Xen\0"
  view.setBigUint64(note + 16, BigInt(entry), true);
  return file;
}

/** Wraps a static Linux program; `address` and `entry` are virtual, `address` 256 past the beginning of a page. */
export function executableElf(program: Omit<PvhImage, "memorySize">): Uint8Array {
  return oneSegment({ ...program, memorySize: program.bytes.length, headers: 1 }).file;
}

/** The file with its header and its PT_LOAD segment. */
function oneSegment(
  { bytes, address, memorySize, entry, headers }: PvhImage & { readonly headers: number },
): { file: Uint8Array; view: DataView } {
  if (address % SEGMENT_OFFSET !== 0) throw new Error(`segment address ${address} is not a multiple of 256`);
  if (memorySize < bytes.length) throw new Error(`${bytes.length} bytes do not fit ${memorySize}`);
  const file = new Uint8Array(SEGMENT_OFFSET + bytes.length);
  const view = new DataView(file.buffer);
  // e_ident: magic, ELFCLASS64, ELFDATA2LSB, EV_CURRENT.
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, ET_EXEC, true);
  view.setUint16(18, EM_X86_64, true);
  view.setUint32(20, 1, true); // e_version
  view.setBigUint64(24, BigInt(entry), true);
  view.setBigUint64(32, BigInt(EHDR_SIZE), true); // e_phoff
  view.setUint16(52, EHDR_SIZE, true);
  view.setUint16(54, PHDR_SIZE, true);
  view.setUint16(56, headers, true); // e_phnum
  view.setUint16(58, 64, true); // e_shentsize, of no section headers
  programHeader(view, 0, PT_LOAD, PF_RWX, SEGMENT_OFFSET, address, bytes.length, memorySize, SEGMENT_OFFSET);
  file.set(bytes, SEGMENT_OFFSET);
  return { file, view };
}

function programHeader(
  view: DataView,
  index: number,
  type: number,
  flags: number,
  offset: number,
  address: number,
  fileSize: number,
  memorySize: number,
  alignment: number,
): void {
  const at = EHDR_SIZE + index * PHDR_SIZE;
  view.setUint32(at, type, true);
  view.setUint32(at + 4, flags, true);
  [offset, address, address, fileSize, memorySize, alignment].forEach((value, i) =>
    view.setBigUint64(at + 8 + 8 * i, BigInt(value), true)
  );
}
