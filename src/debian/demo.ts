/**
 * All that `denovisor demo` boots: a stock kernel and the demo's initramfs.
 *
 * @module
 */

import { join } from "@std/path";
import { demoInitramfs } from "../initramfs/demo.ts";
import { busybox } from "./busybox.ts";
import { cacheDirectory, exists, writeWhole } from "./cache.ts";
import { debianKernel, kernelFromFile, type StockKernel } from "./kernel.ts";
import type { PackageOptions } from "./packages.ts";

/** Two files to boot. */
export interface DemoImages {
  /** The kernel and what belongs to it; `kernel.vmlinuz` is the file. */
  readonly kernel: StockKernel;
  /** Path of the initramfs. */
  readonly initrd: string;
}

/** What {@linkcode prepareDemo} starts from. */
export interface DemoOptions extends PackageOptions {
  /** A bzImage of the user's, instead of Debian's. */
  readonly kernel?: string;
  /** Modules for the initramfs to load beside its own. */
  readonly modules?: readonly string[];
}

/** Initramfs files kept in the cache: one for each kernel and set of modules in use. */
const KEPT = 8;

/**
 * Gets a stock kernel and builds the demo's initramfs for it. The first run downloads some 70 MB and takes as
 * long as that does; later ones take some 20 ms.
 *
 * @throws {HostError} if a part cannot be had on this host; {@linkcode UserError} for a bad `kernel`.
 */
export async function prepareDemo(options: DemoOptions = {}): Promise<DemoImages> {
  const kernel =
    await (options.kernel === undefined ? debianKernel(options) : kernelFromFile(options.kernel));
  const archive = await demoInitramfs({
    modulesDir: kernel.modulesDir,
    busybox: await busybox(options),
    ...(options.modules === undefined ? {} : { modules: options.modules }),
  });
  const directory = join(options.cache ?? cacheDirectory(), "demo");
  await Deno.mkdir(directory, { recursive: true });
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", archive)).toHex().slice(0, 16);
  const initrd = join(directory, `initrd-${hash}.cpio`);
  if (!await exists(initrd)) {
    await writeWhole(initrd, archive);
    await dropOldest(directory);
  }
  return { kernel, initrd };
}

async function dropOldest(directory: string): Promise<void> {
  const files: { path: string; time: number }[] = [];
  for await (const { name } of Deno.readDir(directory)) {
    const path = join(directory, name);
    const info = await Deno.stat(path).catch(() => undefined);
    if (name.endsWith(".cpio") && info) files.push({ path, time: info.mtime?.getTime() ?? 0 });
  }
  files.sort((a, b) => b.time - a.time);
  for (const { path } of files.slice(KEPT)) await Deno.remove(path).catch(() => {});
}
