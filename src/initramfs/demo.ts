/**
 * The demo's initramfs: busybox, the modules that it needs, and one script.
 *
 * @module
 */

import { cpio, type CpioEntry } from "./cpio.ts";
import { DEMO_INIT } from "./demo_init.ts";
import { type KernelModule, loadOrder, moduleTree } from "./modules.ts";

/** Where {@linkcode demoInitramfs} takes its parts. */
export interface DemoInitramfsOptions {
  /** Directory of `modules.order`; undefined for a kernel with all built in. */
  readonly modulesDir: string | undefined;
  /** Path of a statically linked busybox. */
  readonly busybox: string;
  /** Modules to load beside {@linkcode DEMO_MODULES}. */
  readonly modules?: readonly string[];
}

/**
 * What the board's devices need that distributions do not build in: pvpanic on an I/O port (ACPI QEMU0001), and
 * the power button as an input device.
 */
export const DEMO_MODULES: readonly string[] = ["pvpanic-mmio", "button", "evdev"];

/**
 * Builds the initramfs, uncompressed: at some 2 MB, unpacking would take a guest longer than reading.
 *
 * @returns The cpio archive. The same parts give the same bytes.
 * @throws {HostError} if the modules cannot be read.
 */
export async function demoInitramfs(options: DemoInitramfsOptions): Promise<Uint8Array<ArrayBuffer>> {
  const busybox = await Deno.readFile(options.busybox);
  const modules = options.modulesDir === undefined
    ? []
    : (await loadOrder(await moduleTree(options.modulesDir, options.busybox), [
      ...DEMO_MODULES,
      ...options.modules ?? [],
    ])).modules;
  return cpio([...baseEntries(busybox, DEMO_INIT), ...moduleEntries(modules)]);
}

/** What every initramfs of ours begins with: a console, mount points, busybox and /init. */
export function baseEntries(busybox: Uint8Array, init: string): CpioEntry[] {
  const mountPoints: CpioEntry[] = ["proc", "sys"].map((path) => ({ kind: "directory", path }));
  return [
    // The kernel opens it for /init's standard streams, before anything is mounted.
    { kind: "device", path: "dev/console", type: "char", major: 5, minor: 1, mode: 0o600 },
    ...mountPoints,
    { kind: "file", path: "bin/busybox", mode: 0o755, data: busybox },
    { kind: "file", path: "init", mode: 0o755, data: new TextEncoder().encode(init) },
  ];
}

/** Modules at /lib/modules/NAME.ko, and their load order, a name a line, in /lib/modules/order. */
export function moduleEntries(modules: readonly KernelModule[]): CpioEntry[] {
  const order = modules.map(({ name }) => `${name}\n`).join("");
  return [
    { kind: "file", path: "lib/modules/order", data: new TextEncoder().encode(order) },
    ...modules.map(({ name, data }): CpioEntry => ({ kind: "file", path: `lib/modules/${name}.ko`, data })),
  ];
}
