/**
 * The lab's initramfs, built anew for each run: the command is in it.
 *
 * @module
 */

import { cpio, type CpioEntry } from "../initramfs/cpio.ts";
import { baseEntries, moduleEntries } from "../initramfs/demo.ts";
import { type KernelModule, loadOrder, moduleTree } from "../initramfs/modules.ts";
import { anchorProgram } from "./anchor.ts";
import { HOST_MODULES, LAB_INIT, ROOT_MODULES } from "./init.ts";

/** What goes in. */
export interface LabInitrdOptions {
  /** Directory of the L1 kernel's `modules.order`. */
  readonly modulesDir: string;
  /** Path of a static busybox. */
  readonly busybox: string;
  /** Shell variables; see settings.ts. */
  readonly settings: string;
  /** The command as a script. */
  readonly command: string;
}

/**
 * Builds the archive, uncompressed: at 13 MB, L1 reads it sooner than it would unpack it.
 *
 * @throws {HostError} if the modules cannot be read.
 */
export async function labInitrd(options: LabInitrdOptions): Promise<Uint8Array<ArrayBuffer>> {
  const tree = await moduleTree(options.modulesDir, options.busybox);
  const { modules } = await loadOrder(tree, [...ROOT_MODULES, ...HOST_MODULES]);
  const first = new Set((await loadOrder(tree, ROOT_MODULES)).modules.map(({ name }) => name));
  const text = (path: string, content: string): CpioEntry => {
    return { kind: "file", path, data: new TextEncoder().encode(content), mode: 0o600 };
  };
  const names = (list: readonly KernelModule[]) => list.map(({ name }) => `${name}\n`).join("");
  return cpio([
    ...baseEntries(await Deno.readFile(options.busybox), LAB_INIT),
    ...moduleEntries(modules).filter(({ path }) => path !== "lib/modules/order"),
    text("lib/modules/order.root", names(modules.filter(({ name }) => first.has(name)))),
    text("lib/modules/order", names(modules.filter(({ name }) => !first.has(name)))),
    { kind: "file", path: "lab/anchor", data: anchorProgram(), mode: 0o755 },
    text("lab/settings", options.settings),
    text("lab/command", options.command),
  ]);
}
