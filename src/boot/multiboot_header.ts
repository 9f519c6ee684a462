/**
 * The multiboot 1 header in a kernel file, and the addresses that it gives.
 *
 * Source: Multiboot Specification 0.6.96, §3.1.
 *
 * @module
 */

import { struct, u32, type View } from "../../ffi/layout.ts";
import { UserError } from "../errors.ts";
import { hex } from "./format.ts";
import type { ImageFile } from "./image_file.ts";
import type { LoadSegment } from "./segments.ts";

export const multiboot_header = struct("multiboot_header", {
  magic: u32,
  flags: u32,
  checksum: u32,
  header_addr: u32,
  load_addr: u32,
  load_end_addr: u32,
  bss_end_addr: u32,
  entry_addr: u32,
});

const HEADER_MAGIC = 0x1bad_b002;
/** The header lies wholly in the file's first 8 KiB, at a multiple of 4. */
export const MULTIBOOT_SEARCH = 8192;
/** Magic, flags and checksum: always there. */
const SHORT_HEADER = 12;

/** Header flags. Bits 0–15 are demands that a loader meets or refuses. */
const FLAG = { PAGE_ALIGN: 1 << 0, MEMORY_INFO: 1 << 1, VIDEO_MODE: 1 << 2, ADDRESSES: 1 << 16 } as const;
/**
 * Modules are page-aligned and memory information is given always. The video mode is a wish in practice: kernels that
 * state it look for the answer in the information's flags, and here find none.
 */
const UNDERSTOOD = FLAG.PAGE_ALIGN | FLAG.MEMORY_INFO | FLAG.VIDEO_MODE;

/** A header and where in the file it was found. */
export interface FoundHeader {
  readonly offset: number;
  /** Fields behind `checksum` are valid only if {@link givesAddresses}; they are 0 where the file ends before. */
  readonly header: View<typeof multiboot_header>;
}

/** Looks for a header with a right checksum in a file's first bytes. */
export function findMultibootHeader(head: Uint8Array): FoundHeader | undefined {
  const words = new DataView(head.buffer, head.byteOffset, Math.min(head.length, MULTIBOOT_SEARCH));
  for (let offset = 0; offset + SHORT_HEADER <= words.byteLength; offset += 4) {
    if (words.getUint32(offset, true) !== HEADER_MAGIC) continue;
    const header = multiboot_header.create();
    header.$bytes.set(head.subarray(offset, Math.min(offset + multiboot_header.size, words.byteLength)));
    if ((header.magic + header.flags + header.checksum) % 2 ** 32 === 0) return { offset, header };
  }
  return undefined;
}

/** Whether the header has load addresses of its own (the "a.out kludge"), which then override the ELF's. */
export function givesAddresses({ header }: FoundHeader): boolean {
  return (header.flags & FLAG.ADDRESSES) !== 0;
}

/** Refuses a header that demands what this loader does not know. */
export function checkDemands(file: ImageFile, { header }: FoundHeader): void {
  const unknown = header.flags & 0xffff & ~UNDERSTOOD;
  if (unknown === 0) return;
  throw new UserError(`${file.name} demands unknown multiboot features (header flags ${hex(unknown)})`, {
    field: "kernel",
  });
}

/** The one segment and the entry that the header's addresses describe. */
export function addressedSegment(
  file: ImageFile,
  { header, offset }: FoundHeader,
): { segment: LoadSegment; entry: number } {
  const wrong = (what: string) =>
    new UserError(`${file.name} has a contradictory multiboot header: ${what}`, { field: "kernel" });
  const { header_addr, load_addr, load_end_addr, bss_end_addr, entry_addr } = header;
  const fileOffset = offset - (header_addr - load_addr);
  if (load_addr > header_addr || fileOffset < 0) {
    throw wrong(
      `load_addr is ${hex(load_addr)}, header_addr ${hex(header_addr)}, and it lies at ${hex(offset)}`,
    );
  }
  // 0: text and data are the rest of the file.
  const fileSize = load_end_addr === 0 ? file.size - fileOffset : load_end_addr - load_addr;
  if (fileSize <= 0) throw wrong(`load_end_addr is ${hex(load_end_addr)}, below load_addr`);
  if (fileOffset + fileSize > file.size) {
    throw new UserError(
      `${file.name} is truncated: its multiboot header names bytes up to ${fileOffset + fileSize}, ` +
        `and the file has ${file.size}`,
      { field: "kernel", hint: "Copy or download the file again." },
    );
  }
  // 0: no bss.
  const memorySize = bss_end_addr === 0 ? fileSize : bss_end_addr - load_addr;
  if (memorySize < fileSize) throw wrong(`bss_end_addr is ${hex(bss_end_addr)}, below the end of the data`);
  if (entry_addr < load_addr || entry_addr >= load_addr + memorySize) {
    throw wrong(`entry_addr is ${hex(entry_addr)}, outside of what it loads`);
  }
  const segment = { name: "the multiboot image", gpa: load_addr, memorySize, fileOffset, fileSize };
  return { segment, entry: entry_addr };
}
