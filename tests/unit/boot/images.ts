/**
 * Kernel images made by hand: as small as the formats allow.
 *
 * @module
 */

import { array, struct, u32, u8 } from "../../../ffi/layout.ts";
import { BOOT_FLAG, boot_params, HDRS, LOADED_HIGH, XLF_KERNEL_64 } from "../../../src/boot/boot_params.ts";
import {
  EI_CLASS,
  EI_DATA,
  Elf32_Ehdr,
  Elf32_Phdr,
  Elf64_Ehdr,
  Elf64_Phdr,
  EM_386,
  EM_X86_64,
  ET_EXEC,
  PT_LOAD,
  PT_NOTE,
} from "../../../src/boot/elf_format.ts";
import { type ImageFile, memoryImage } from "../../../src/boot/image_file.ts";
import { multiboot_header } from "../../../src/boot/multiboot_header.ts";

export const MIB = 1024 * 1024;

/** A memory image named `kernel`. */
export const image = (bytes: Uint8Array, name = "kernel"): ImageFile => memoryImage(name, bytes);

/** Bytes that differ from their neighbours, so that a shifted copy shows. */
export function pattern(length: number, seed = 1): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, index) => (index * 31 + (index >> 8) * 7 + seed) & 0xff);
}

/** The protected-mode part of {@link bzImage}. */
export const BZ_PAYLOAD = pattern(4096, 3);
export const BZ_SETUP_SIZE = 2 * 512;
const BZ_VERSION = "6.1.0-test (somebody@example.org) #1 SMP";

/** A bzImage of protocol 2.15 that wants 2 MiB at 2 MiB. `change` edits its header. */
export function bzImage(
  change: (header: ReturnType<typeof boot_params.create>["hdr"]) => void = () => {},
): Uint8Array<ArrayBuffer> {
  const page = boot_params.create();
  const { hdr } = page;
  hdr.setup_sects = 1;
  hdr.syssize = BZ_PAYLOAD.length / 16;
  hdr.boot_flag = BOOT_FLAG;
  hdr.jump = 0x6aeb; // jmp short +0x6a: the header ends at 0x26c
  hdr.header = HDRS;
  hdr.version = 0x020f;
  hdr.kernel_version = 0x100;
  hdr.loadflags = LOADED_HIGH;
  hdr.initrd_addr_max = 0x7fff_ffff;
  hdr.kernel_alignment = 2 * MIB;
  hdr.relocatable_kernel = 1;
  hdr.xloadflags = XLF_KERNEL_64;
  hdr.cmdline_size = 2047;
  hdr.pref_address_num = 2 * MIB;
  hdr.init_size = 2 * MIB;
  page.sentinel = 0xff;
  change(hdr);
  const bytes = new Uint8Array(BZ_SETUP_SIZE + BZ_PAYLOAD.length);
  bytes.set(page.$bytes.subarray(0, BZ_SETUP_SIZE));
  bytes.set(new TextEncoder().encode(BZ_VERSION + "\0"), 0x300);
  bytes.set(BZ_PAYLOAD, BZ_SETUP_SIZE);
  return bytes;
}

/** One program header; what is left out follows from the data. */
export interface TestSegment {
  readonly type?: number;
  readonly paddr?: number | bigint;
  readonly vaddr?: number | bigint;
  readonly data?: Uint8Array;
  readonly offset?: number | bigint;
  readonly filesz?: number | bigint;
  readonly memsz?: number | bigint;
}

/** What {@link elf} builds. */
export interface TestElf {
  readonly bits?: 32 | 64;
  readonly machine?: number;
  readonly type?: number;
  readonly entry?: number | bigint;
  readonly segments: readonly TestSegment[];
  readonly phnum?: number;
  readonly phentsize?: number;
  readonly phoff?: number | bigint;
}

/** An ELF file: header, program headers, the segments' data. */
export function elf(options: TestElf): Uint8Array<ArrayBuffer> {
  const { bits = 64, segments } = options;
  const wide = bits === 64;
  const [ehdr, phdr] = wide ? [Elf64_Ehdr, Elf64_Phdr] : [Elf32_Ehdr, Elf32_Phdr];
  const dataStart = ehdr.size + segments.length * phdr.size;
  const total = segments.reduce((sum, { data }) => sum + (data?.length ?? 0), dataStart);
  const bytes = new Uint8Array(total);
  const header = wide ? Elf64_Ehdr.at(bytes.buffer) : Elf32_Ehdr.at(bytes.buffer);
  header.e_ident.set([0x7f, 0x45, 0x4c, 0x46]);
  header.e_ident[EI_CLASS] = wide ? 2 : 1;
  header.e_ident[EI_DATA] = 1;
  header.e_type = options.type ?? ET_EXEC;
  header.e_machine = options.machine ?? (wide ? EM_X86_64 : EM_386);
  header.e_phnum = options.phnum ?? segments.length;
  header.e_phentsize = options.phentsize ?? phdr.size;
  const fill = (target: object, fields: Record<string, number | bigint>) => {
    for (const [name, value] of Object.entries(fields)) {
      Object.assign(target, wide ? { [name]: BigInt(value) } : { [name]: Number(value) });
    }
  };
  fill(header, { e_entry: options.entry ?? MIB, e_phoff: options.phoff ?? ehdr.size });
  let at = dataStart;
  for (const [index, segment] of segments.entries()) {
    const view = phdr.at(bytes.buffer, ehdr.size + index * phdr.size);
    const data = segment.data ?? new Uint8Array();
    const paddr = segment.paddr ?? MIB;
    view.p_type = segment.type ?? PT_LOAD;
    fill(view, {
      p_offset: segment.offset ?? at,
      p_paddr: paddr,
      p_vaddr: segment.vaddr ?? paddr,
      p_filesz: segment.filesz ?? data.length,
      p_memsz: segment.memsz ?? data.length,
      p_align: 4,
    });
    bytes.set(data, at);
    at += data.length;
  }
  return bytes;
}

const note = struct("note", { namesz: u32, descsz: u32, type: u32, name: array(u8, 8), desc: u32 });

/** A PT_NOTE segment with one note of a 4-byte value; `owner` has at most 7 characters. */
export function noteSegment(owner: string, type: number, value: number): TestSegment {
  const name = new TextEncoder().encode(owner + "\0");
  const view = note.create();
  view.namesz = name.length;
  view.descsz = 4;
  view.type = type;
  view.name.set(name);
  const bytes = view.$bytes.slice();
  const valueAt = 12 + Math.ceil(name.length / 4) * 4;
  new DataView(bytes.buffer).setUint32(valueAt, value, true);
  return { type: PT_NOTE, data: bytes.subarray(0, valueAt + 4), memsz: 0 };
}

/** A multiboot header with a right checksum; with `addresses` the a.out kludge. */
export function multibootHeader(
  flags: number,
  addresses: { header: number; load: number; loadEnd: number; bssEnd: number; entry: number } | undefined =
    undefined,
): Uint8Array<ArrayBuffer> {
  const header = multiboot_header.create();
  header.magic = 0x1bad_b002;
  header.flags = addresses ? (flags | 0x1_0000) >>> 0 : flags;
  header.checksum = -(0x1bad_b002 + header.flags) >>> 0;
  if (addresses) {
    header.header_addr = addresses.header;
    header.load_addr = addresses.load;
    header.load_end_addr = addresses.loadEnd;
    header.bss_end_addr = addresses.bssEnd;
    header.entry_addr = addresses.entry;
  }
  return header.$bytes.slice(0, addresses ? 32 : 12);
}

/** Bytes one behind the other. */
export function joined(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
