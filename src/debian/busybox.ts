/**
 * A static busybox: the whole user space of an initramfs.
 *
 * @module
 */

import { join } from "@std/path";
import { HostError } from "../errors.ts";
import type { Apt, Candidate } from "./apt.ts";
import { exists } from "./cache.ts";
import { howToInstall } from "./distributions.ts";
import { hasApt, type PackageOptions, unpackedPackages } from "./packages.ts";
import { findTool } from "./tool.ts";

const PACKAGE = "busybox-static";
/** Names under which distributions install the static build. */
const HOST_NAMES = ["busybox.static", "busybox-static", "busybox"];
/** Program header type of the dynamic linker's path (System V ABI, PT_INTERP): a static program has none. */
const PT_INTERP = 3;

/**
 * The path of a statically linked busybox: from Debian's package in the cache, or, without that package manager,
 * the host's own.
 *
 * @throws {HostError} if there is neither.
 */
export async function busybox(options: PackageOptions = {}): Promise<string> {
  if (options.run !== undefined || await hasApt()) {
    const { directory } = await unpackedPackages("busybox", busyboxPackage, options);
    for (const path of ["bin/busybox", "usr/bin/busybox"].map((name) => join(directory, name))) {
      if (await exists(path)) return path;
    }
    throw new HostError(`the package in ${directory} has no busybox`);
  }
  for (const name of HOST_NAMES) {
    const path = await findTool(name);
    if (path !== undefined && isStatic(await Deno.readFile(path))) return path;
  }
  throw new HostError("this host has no statically linked busybox to build an initramfs from", {
    hint: `Install one:\n${howToInstall("busybox")}`,
  });
}

async function busyboxPackage(apt: Apt): Promise<readonly Candidate[] | undefined> {
  const candidate = await apt.candidate(PACKAGE);
  return candidate && [candidate];
}

/** Whether an ELF64 file asks for no dynamic linker. */
export function isStatic(file: Uint8Array): boolean {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (file.length < 64 || view.getUint32(0) !== 0x7f454c46 || file[4] !== 2) return false;
  const table = view.getUint32(0x20, true);
  const stride = view.getUint16(0x36, true);
  const count = view.getUint16(0x38, true);
  for (let index = 0; index < count; index++) {
    const at = table + index * stride;
    if (at + 4 > file.length) return false;
    if (view.getUint32(at, true) === PT_INTERP) return false;
  }
  return true;
}
