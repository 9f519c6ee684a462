/**
 * The ELF file inside a bzImage, for the boot protocols that take one.
 *
 * @module
 */

import { join } from "@std/path";
import { UserError } from "../errors.ts";
import { unpack } from "../initramfs/compression.ts";
import { cacheDirectory, exists, writeWhole } from "./cache.ts";
import type { PackageOptions } from "./packages.ts";

/** Fields of the setup header (Linux Documentation/arch/x86/boot.rst). */
const SETUP_SECTS = 0x1f1;
const HEADER_MAGIC = 0x202;
const PAYLOAD_OFFSET = 0x248;
const PAYLOAD_LENGTH = 0x24c;
/** What the payload may be packed with, by its first bytes (boot.rst, payload_offset). */
const PACKINGS: readonly (readonly [suffix: string, magic: readonly number[]])[] = [
  [".gz", [0x1f, 0x8b]],
  [".xz", [0xfd, 0x37]],
  [".zst", [0x28, 0xb5]],
  ["", [0x7f, 0x45]],
];

/**
 * Unpacks the kernel's ELF file (`vmlinux`) out of a bzImage, into the cache.
 *
 * @param vmlinuz Path of the bzImage.
 * @returns Path of the ELF file.
 * @throws {UserError} if the file is no bzImage, or packed in a way that we do not know.
 * @throws {HostError} if it is packed by xz and the host has no `xz`.
 */
export async function kernelElf(vmlinuz: string, options: PackageOptions = {}): Promise<string> {
  const image = await Deno.readFile(vmlinuz);
  const directory = join(options.cache ?? cacheDirectory(), "elf");
  await Deno.mkdir(directory, { recursive: true });
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", image)).toHex().slice(0, 16);
  const elf = join(directory, `vmlinux-${hash}`);
  if (await exists(elf)) return elf;
  options.progress?.step(`unpacking the ELF file in ${vmlinuz}`);
  const { suffix, payload } = payloadOf(image, vmlinuz);
  await writeWhole(elf, await unpack(`${vmlinuz}${suffix}`, payload));
  return elf;
}

/** The packed kernel inside a bzImage, and the file suffix that goes with its packing. */
export function payloadOf(
  image: Uint8Array<ArrayBuffer>,
  path: string,
): { suffix: string; payload: Uint8Array<ArrayBuffer> } {
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  if (image.length < PAYLOAD_LENGTH + 4 || view.getUint32(HEADER_MAGIC) !== 0x48647253) { // "HdrS"
    throw new UserError(`${path} is no bzImage`, { field: "kernel" });
  }
  const start = (view.getUint8(SETUP_SECTS) + 1) * 512 + view.getUint32(PAYLOAD_OFFSET, true);
  const length = view.getUint32(PAYLOAD_LENGTH, true);
  const payload = image.subarray(start, start + length);
  const packing = PACKINGS.find(([, magic]) => magic.every((byte, index) => payload[index] === byte));
  if (packing === undefined || payload.length < length) {
    throw new UserError(`${path}: the kernel inside is truncated, or packed by other than gzip, xz or zstd`, {
      field: "kernel",
    });
  }
  const [suffix] = packing;
  // Kbuild appends the unpacked size to what its compressors give, except to gzip's own trailer (scripts/Makefile.lib).
  const trailer = suffix === ".xz" || suffix === ".zst" ? 4 : 0;
  return { suffix, payload: payload.subarray(0, length - trailer) };
}
