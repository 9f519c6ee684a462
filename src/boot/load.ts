/**
 * Loading a kernel: the one entrance to this room.
 *
 * @module
 */

import { UserError } from "../errors.ts";
import type { GuestRam } from "../memory/guest_memory.ts";
import { encodeCommandLine } from "./command_line.ts";
import { type ProtocolChoice, readKernel } from "./detect.ts";
import type { BootEntry } from "./entry.ts";
import type { ImageFile } from "./image_file.ts";
import type { BootModule, KernelInfo } from "./kernel.ts";
import { Placement } from "./placement.ts";

/** What to boot. */
export interface LoadOptions {
  readonly kernel: ImageFile;
  readonly initrd?: ImageFile | undefined;
  /** Multiboot and PVH only; they follow the initrd. */
  readonly modules?: readonly BootModule[] | undefined;
  /** May be empty; must be for a flat binary. */
  readonly cmdline: string;
  /** Default: `auto`. */
  readonly protocol?: ProtocolChoice | undefined;
  /** Guest-physical address of the ACPI RSDP. */
  readonly acpiRsdp: number;
  /** Where a flat binary goes; default 0x7c00. */
  readonly flatAddress?: number | undefined;
}

/** What can be known of a kernel without a guest. */
export type InspectOptions = Pick<LoadOptions, "protocol" | "flatAddress">;

/**
 * Reads and checks a kernel file's headers, for a dry run and for what the command line or initrd have to fit.
 *
 * @throws {UserError} if it is no kernel that could be loaded.
 *
 * ```ts
 * import { memoryImage } from "./image_file.ts";
 * import { inspectKernel } from "./load.ts";
 *
 * using sector = memoryImage("boot sector", new Uint8Array(512));
 * console.assert(inspectKernel(sector, { protocol: "flat" }).protocol === "flat");
 * ```
 */
export function inspectKernel(kernel: ImageFile, options: InspectOptions = {}): KernelInfo {
  return readKernel(kernel, options.protocol ?? "auto", options.flatAddress).info;
}

/**
 * Loads a kernel and all that goes with it into guest memory, and says how vCPU 0 starts.
 *
 * Nothing is written before everything was checked and has its place; after that only reading a file can fail.
 * Calling it again for the same guest, for a reboot, is fine.
 *
 * @param ram at least 1 MiB. The ACPI tables' range is left alone.
 * @throws {UserError} if the kernel is none, or something does not fit.
 */
export function loadKernel(ram: GuestRam, options: LoadOptions): BootEntry {
  const { initrd, modules = [], acpiRsdp } = options;
  const kernel = readKernel(options.kernel, options.protocol ?? "auto", options.flatAddress);
  const { info } = kernel;
  if (initrd && !info.takesInitrd) throw notTaken(info, "initrd", "initrd");
  if (modules.length > 0 && !info.takesModules) throw notTaken(info, "modules", "modules");
  if (info.cmdlineLimit === 0 && options.cmdline !== "") throw notTaken(info, "command line", "cmdline");
  const cmdline = encodeCommandLine(options.cmdline, info.cmdlineLimit);
  const write = kernel.plan(new Placement(ram), { cmdline, initrd, modules, acpiRsdp });
  return write();
}

function notTaken(info: KernelInfo, what: string, field: string): UserError {
  return new UserError(
    `the ${info.protocol} boot protocol has no ${what} (the kernel is a ${info.description})`,
    {
      field,
      hint: "Leave it out.",
    },
  );
}
