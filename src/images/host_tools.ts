/**
 * Programs of the host that building an image needs, found or installed or named.
 *
 * @module
 */

import { HostError } from "../errors.ts";
import { apt, hasApt, type PackageOptions } from "../debian/packages.ts";
import { findTool } from "../debian/tool.ts";

/** Debian's packages by program; other distributions name them alike. */
const PACKAGES = {
  "mmdebstrap": "mmdebstrap",
  "mkfs.ext4": "e2fsprogs",
  "debugfs": "e2fsprogs",
} as const;

/** A program that images are built with. */
export type ImageTool = keyof typeof PACKAGES;

/**
 * The path of a program.
 *
 * @throws {HostError} that names the package, if it is not there.
 */
export async function mustFindTool(name: ImageTool): Promise<string> {
  const path = await findTool(name);
  if (path !== undefined) return path;
  const packageName = PACKAGES[name];
  throw new HostError(`this host has no ${name}, which building an image needs`, {
    hint: `Install the package ${packageName}, for example: sudo apt-get install ${packageName}`,
  });
}

/**
 * Sees to it that programs are there: where we are root on a Debian, what is missing is installed.
 *
 * @throws {HostError} that names the package, if one is missing still.
 */
export async function provideTools(names: readonly ImageTool[], options: PackageOptions = {}): Promise<void> {
  const missing: string[] = [];
  for (const name of names) if (await findTool(name) === undefined) missing.push(PACKAGES[name]);
  if (missing.length > 0 && Deno.uid() === 0 && await hasApt()) {
    const manager = apt(options);
    const packages = [...new Set(missing)];
    if (await manager.candidate(packages[0]!) === undefined) await manager.update();
    await manager.install(packages);
  }
  for (const name of names) await mustFindTool(name);
}
