/**
 * Flat segments: the registers that an entry starts with, and the GDT in guest memory that they come from.
 *
 * Selectors are those that Linux's boot protocol demands (`__BOOT_CS` 0x10, `__BOOT_DS` 0x18, Documentation/arch/x86/boot.rst,
 * "64-bit Boot Protocol"); PVH and multiboot leave them open.
 *
 * @module
 */

import { GPA } from "../board/addresses.ts";
import type { GuestRam } from "../memory/guest_memory.ts";
import type { DescriptorTable, EntrySegments, SegmentState } from "./entry.ts";

const CODE_SELECTOR = 0x10;
const DATA_SELECTOR = 0x18;
const TSS_SELECTOR = 0x20;
/** Null, unused, code, data, TSS. */
const GDT_ENTRIES = 5;
/** Bytes that {@link writeGdt} fills at GPA.BOOT_GDT. */
export const GDT_SIZE = GDT_ENTRIES * 8;

/** Segment types, accessed or busy already, so that loading one writes nothing (Intel SDM 3A §3.4.5.1, §3.5). */
const TYPE = { DATA: 0x3, CODE: 0xb, BUSY_TSS: 0xb, LDT: 0x2 } as const;
/** The limit of a 32-bit TSS without an I/O map: 104 bytes (Intel SDM 3A §8.2.1); the PVH ABI asks for just that. */
const TSS_LIMIT = 0x67;

const FLAT = { base: 0, limit: 0xffff_ffff, s: 1, dpl: 0, present: 1, g: 1 } as const;
const CODE32: SegmentState = { ...FLAT, selector: CODE_SELECTOR, type: TYPE.CODE, db: 1, l: 0 };
const CODE64: SegmentState = { ...FLAT, selector: CODE_SELECTOR, type: TYPE.CODE, db: 0, l: 1 };
const DATA: SegmentState = { ...FLAT, selector: DATA_SELECTOR, type: TYPE.DATA, db: 1, l: 0 };
const NO_LDT: SegmentState = {
  selector: 0,
  base: 0,
  limit: 0,
  type: TYPE.LDT,
  s: 0,
  dpl: 0,
  present: 0,
  db: 0,
  l: 0,
  g: 0,
};
/** VMX wants a usable, busy TSS in every mode (Intel SDM 3C §27.3.1.2). */
const TSS: SegmentState = {
  ...NO_LDT,
  selector: TSS_SELECTOR,
  limit: TSS_LIMIT,
  type: TYPE.BUSY_TSS,
  present: 1,
};
/** A long-mode TSS descriptor takes 16 bytes, so none is in the table and TR holds the null selector, as after a reset. */
const TSS64: SegmentState = { ...TSS, selector: 0 };

const flat = (cs: SegmentState, tr: SegmentState): EntrySegments => (
  { cs, ds: DATA, es: DATA, fs: DATA, gs: DATA, ss: DATA, tr, ldt: NO_LDT }
);

/** Segment registers of a 64-bit entry. */
export const SEGMENTS_64: EntrySegments = flat(CODE64, TSS64);
/** Segment registers of a 32-bit entry without paging. */
export const SEGMENTS_32: EntrySegments = flat(CODE32, TSS);

/** Segment registers in real mode: base = 16 × the value loaded, 64 KiB each. */
export function realModeSegments(codeSegment: number, stackSegment: number): EntrySegments {
  const segment = (value: number, type: number): SegmentState => (
    { ...NO_LDT, selector: value, base: value * 16, limit: 0xffff, type, s: 1, present: 1 }
  );
  const data = segment(0, TYPE.DATA);
  return {
    cs: segment(codeSegment, TYPE.CODE),
    ds: data,
    es: data,
    fs: data,
    gs: data,
    ss: segment(stackSegment, TYPE.DATA),
    tr: { ...TSS64, limit: 0xffff },
    ldt: { ...NO_LDT, limit: 0xffff, present: 1 },
  };
}

/** Writes the table behind these segments at GPA.BOOT_GDT and returns its GDTR. */
export function writeGdt(ram: GuestRam, segments: EntrySegments): DescriptorTable {
  const bytes = ram.view(GPA.BOOT_GDT, GDT_SIZE);
  bytes.fill(0);
  const table = new DataView(bytes.buffer, bytes.byteOffset, GDT_SIZE);
  for (const segment of [segments.cs, segments.ds, segments.tr]) {
    if (segment.selector === 0) continue;
    const [low, high] = encodeDescriptor(segment);
    table.setUint32(segment.selector, low, true);
    table.setUint32(segment.selector + 4, high, true);
  }
  return { base: GPA.BOOT_GDT, limit: GDT_SIZE - 1 };
}

/** The two halves of a segment descriptor (Intel SDM 3A, figure 3-8). */
export function encodeDescriptor(segment: SegmentState): [low: number, high: number] {
  const { base } = segment;
  const limit = segment.g ? segment.limit >>> 12 : segment.limit;
  const low = (base & 0xffff) << 16 | limit & 0xffff;
  const high = base & 0xff00_0000 | segment.g << 23 | segment.db << 22 | segment.l << 21 | limit & 0xf_0000 |
    segment.present << 15 | segment.dpl << 13 | segment.s << 12 | segment.type << 8 | base >>> 16 & 0xff;
  return [low >>> 0, high >>> 0];
}
