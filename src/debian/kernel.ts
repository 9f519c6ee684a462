/**
 * A stock kernel to boot: Debian's (or Ubuntu's), by package name; or one that the user names.
 *
 * @module
 */

import { join } from "@std/path";
import { HostError, UserError } from "../errors.ts";
import type { Apt, Candidate } from "./apt.ts";
import { exists } from "./cache.ts";
import { howToInstall } from "./distributions.ts";
import { hasApt, type PackageOptions, unpackedPackages } from "./packages.ts";

/** A kernel and what belongs to it. */
export interface StockKernel {
  /** The bzImage. */
  readonly vmlinuz: string;
  /** The directory of `modules.order`; undefined where there are no modules. */
  readonly modulesDir: string | undefined;
  /** As `uname -r` says it. */
  readonly release: string;
  /** Its configuration file (`CONFIG_…=`), where there is one. */
  readonly config: string | undefined;
}

/** Packages that depend on the current kernel: Debian's name, then Ubuntu's. */
const META_PACKAGES = ["linux-image-amd64", "linux-image-generic"];
/** Place of the version string's pointer in a bzImage; the pointer counts from the setup header's sector (Linux Documentation/arch/x86/boot.rst, kernel_version). */
const KERNEL_VERSION = 0x20e;
const SETUP_HEADER = 0x200;
const HEADER_MAGIC = 0x202;
/** The header of boot protocol 2.15 ends here. */
const HEADER_END = 0x26c;

/**
 * The distribution's current kernel, unpacked in the cache. The first call downloads some 70 MB.
 *
 * @throws {HostError} without Debian's package manager, or if it cannot get the package.
 */
export async function debianKernel(options: PackageOptions = {}): Promise<StockKernel> {
  if (options.run === undefined && !await hasApt()) {
    throw new HostError("this host has no Debian package manager to get a stock kernel with", {
      hint: `Name a kernel of your own: --kernel /boot/vmlinuz-RELEASE. To install one:\n${
        howToInstall("kernel")
      }`,
    });
  }
  const { directory } = await unpackedPackages("kernel", kernelPackages, options);
  for await (const { name } of Deno.readDir(join(directory, "boot"))) {
    if (!name.startsWith("vmlinuz-")) continue;
    const release = name.slice("vmlinuz-".length);
    return await stockKernel(join(directory, "boot", name), release, [directory, join(directory, "usr")]);
  }
  throw new HostError(`the kernel package in ${directory} has no boot/vmlinuz-*`);
}

/**
 * A bzImage of the user's, with the modules that the host has for it in `/lib/modules`.
 *
 * @throws {UserError} if the file cannot be read or is no bzImage.
 */
export async function kernelFromFile(vmlinuz: string): Promise<StockKernel> {
  let image: Uint8Array<ArrayBuffer>;
  try {
    image = await Deno.readFile(vmlinuz);
  } catch (error) {
    throw new UserError(`cannot read the kernel ${vmlinuz}`, { field: "kernel", cause: error });
  }
  return await stockKernel(vmlinuz, releaseOf(image, vmlinuz), [
    "/",
    "/usr",
    "/run/current-system/kernel-modules",
  ]);
}

async function kernelPackages(apt: Apt): Promise<readonly Candidate[] | undefined> {
  for (const meta of META_PACKAGES) {
    const image = (await apt.dependencies(meta)).find((name) => /^linux-image-(unsigned-)?\d/.test(name));
    if (image === undefined) continue;
    // Ubuntu keeps modules in packages of their own; Debian's image has them.
    const modules = (await apt.dependencies(image)).filter((name) => name.startsWith("linux-modules-"));
    const candidates = await Promise.all([image, ...modules].map((name) => apt.candidate(name)));
    if (candidates.every((candidate) => candidate !== undefined)) return candidates;
  }
  return undefined;
}

async function stockKernel(vmlinuz: string, release: string, roots: string[]): Promise<StockKernel> {
  const firstOf = async (paths: string[]) => {
    for (const path of paths) if (await exists(path)) return path;
    return undefined;
  };
  return {
    vmlinuz,
    release,
    modulesDir: await firstOf(roots.map((root) => join(root, "lib/modules", release))),
    config: await firstOf(roots.map((root) => join(root, "boot", `config-${release}`))),
  };
}

/** The release that a bzImage states: the first word of its version string. */
export function releaseOf(image: Uint8Array, path: string): string {
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  const isKernel = image.length >= HEADER_END && view.getUint32(HEADER_MAGIC) === 0x48647253; // "HdrS"
  const pointer = isKernel ? view.getUint16(KERNEL_VERSION, true) : 0;
  if (pointer === 0) {
    throw new UserError(`${path} is no bzImage, or does not say which release it is`, { field: "kernel" });
  }
  const start = pointer + SETUP_HEADER;
  const text = new TextDecoder().decode(image.subarray(start, start + 256));
  return /^[^\0\s/]+/.exec(text)?.[0] ?? "";
}
