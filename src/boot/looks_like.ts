/**
 * What a file that is no kernel looks like, so that the message can say it.
 *
 * @module
 */

/** A signature: bytes at an offset, and what they mean. */
interface Signature {
  readonly offset: number;
  readonly bytes: string;
  readonly what: string;
  readonly hint?: string;
}

/** What a file looks like. */
export interface Likeness {
  /** With its article: `a shell script`. */
  readonly what: string;
  readonly hint?: string;
}

const UNPACK = "Unpack it first: a kernel has to be a bzImage or an ELF.";
const AS_INITRD = "Is it the initrd? That goes with --initrd.";
const FLAT = "If it is meant to run in real mode, ask for the flat protocol.";
const X86 = "Use a kernel for x86-64 (amd64).";

/** The first that matches counts, so that the special comes before the general. Sources: magic(5) and the formats' own specifications. */
const SIGNATURES: readonly Signature[] = [
  { offset: 0x38, bytes: "ARM\x64", what: "a Linux kernel for 64-bit Arm", hint: X86 },
  { offset: 0x38, bytes: "RSC\x05", what: "a Linux kernel for RISC-V", hint: X86 },
  { offset: 4, bytes: "zimg", what: "an EFI zboot kernel for another machine", hint: X86 },
  { offset: 0x24, bytes: "\x18\x28\x6f\x01", what: "a Linux zImage for 32-bit Arm", hint: X86 },
  { offset: 0, bytes: "\x27\x05\x19\x56", what: "a U-Boot image", hint: X86 },
  { offset: 0, bytes: "\xd0\x0d\xfe\xed", what: "a device tree or U-Boot FIT image", hint: X86 },
  { offset: 0, bytes: "MZ", what: "an EFI or Windows program (PE) without a Linux setup header" },
  { offset: 0, bytes: "\x1f\x8b", what: "a gzip file", hint: `${UNPACK} ${AS_INITRD}` },
  { offset: 0, bytes: "\xfd7zXZ\0", what: "an xz file", hint: `${UNPACK} ${AS_INITRD}` },
  { offset: 0, bytes: "\x28\xb5\x2f\xfd", what: "a zstd file", hint: `${UNPACK} ${AS_INITRD}` },
  { offset: 0, bytes: "\x04\x22\x4d\x18", what: "an lz4 file", hint: `${UNPACK} ${AS_INITRD}` },
  { offset: 0, bytes: "\x02\x21\x4c\x18", what: "an lz4 file", hint: `${UNPACK} ${AS_INITRD}` },
  { offset: 0, bytes: "BZh", what: "a bzip2 file", hint: `${UNPACK} ${AS_INITRD}` },
  { offset: 0, bytes: "0707", what: "a cpio archive", hint: AS_INITRD },
  {
    offset: 0,
    bytes: "!<arch>\n",
    what: "an ar archive, such as a Debian package or a library",
    hint: UNPACK,
  },
  { offset: 0, bytes: "\xed\xab\xee\xdb", what: "an RPM package", hint: UNPACK },
  { offset: 0, bytes: "PK\x03\x04", what: "a zip file", hint: UNPACK },
  { offset: 257, bytes: "ustar", what: "a tar archive", hint: UNPACK },
  { offset: 0, bytes: "#!", what: "a script" },
  { offset: 0, bytes: "QFI\xfb", what: "a qcow2 disk image" },
  { offset: 0, bytes: "hsqs", what: "a squashfs file system" },
  { offset: 0x438, bytes: "\x53\xef", what: "an ext2, ext3 or ext4 file system" },
  { offset: 0x8001, bytes: "CD001", what: "a CD image (ISO 9660)" },
  { offset: 0, bytes: "\xcf\xfa\xed\xfe", what: "a macOS program" },
  { offset: 510, bytes: "\x55\xaa", what: "a boot sector or disk image", hint: FLAT },
];

/** Enough of a file's beginning for all signatures, and for a multiboot header. */
export const HEAD_SIZE = 0x8001 + 5;

/** What a file looks like by its first bytes. */
export function looksLike(head: Uint8Array): Likeness {
  const found = SIGNATURES.find(({ offset, bytes }) => matches(head, offset, bytes));
  if (found) return found;
  if (hasMultiboot2(head)) {
    return { what: "a multiboot 2 kernel", hint: "Multiboot 1 is supported: give it such a header as well." };
  }
  if (head.every((byte) => byte === 0)) return { what: "nothing but zeros" };
  if (head.subarray(0, 512).every((byte) => byte >= 0x20 && byte < 0x7f || byte >= 0x09 && byte <= 0x0d)) {
    return { what: "a text file" };
  }
  return { what: "no format that is known here", hint: FLAT };
}

function matches(head: Uint8Array, offset: number, bytes: string): boolean {
  if (offset + bytes.length > head.length) return false;
  for (let index = 0; index < bytes.length; index++) {
    if (head[offset + index] !== bytes.charCodeAt(index)) return false;
  }
  return true;
}

/** A multiboot 2 header: magic 0xe85250d6 in the first 32 KiB, at a multiple of 8 (Multiboot2 Specification 2.0, §3.1). */
function hasMultiboot2(head: Uint8Array): boolean {
  for (let offset = 0; offset + 16 <= Math.min(head.length, 32 * 1024); offset += 8) {
    if (matches(head, offset, "\xd6\x50\x52\xe8")) return true;
  }
  return false;
}
