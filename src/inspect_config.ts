/**
 * What a configuration would start, found out without starting anything.
 *
 * @module
 */

import { ramRegions } from "./memory/layout.ts";
import { BootImages } from "./boot_machine.ts";
import type { KernelInfo } from "./boot/kernel.ts";
import { checkConfig } from "./config/check.ts";
import { openDisk } from "./disk/open_disk.ts";
import { formatMemorySize } from "./config/memory_size.ts";
import type { CheckedConfig, MachineConfig } from "./config/schema.ts";

/** A machine as its configuration describes it: plain data, for people and for programs. */
export interface MachineSummary {
  /** The configuration with its defaults; `memory` in bytes. */
  readonly config: CheckedConfig;
  /** What the kernel's own headers say. */
  readonly kernel: KernelInfo;
  /** Bytes of the files that would be loaded. */
  readonly files: { readonly kernel: number; readonly initrd?: number };
  /** The disks' formats, and sizes in bytes. */
  readonly disks: readonly { readonly path: string; readonly format: string; readonly size: number }[];
  /** RAM, with its unit. */
  readonly memory: string;
  /** RAM by guest-physical address, in hexadecimal: `first-last`. */
  readonly ram: readonly string[];
}

/**
 * Checks a configuration and the files that it names. Nothing is created, and no `/dev/kvm` is needed.
 *
 * @throws {UserError} as starting it would
 */
export async function describeMachine(config: MachineConfig): Promise<MachineSummary> {
  const checked = checkConfig(config);
  using images = await BootImages.open(checked);
  using opened = new DisposableStack();
  const disks = checked.disks.map(({ path, readOnly, format, cache }, index) =>
    opened.use(openDisk(path, { readOnly, format, cache, field: `disks.${index}` }))
  );
  const { kernel, initrd } = images;
  return {
    config: checked,
    kernel: images.info,
    files: { kernel: kernel.size, ...(initrd === undefined ? {} : { initrd: initrd.size }) },
    disks: disks.map(({ path, format, size }) => ({ path, format, size })),
    memory: formatMemorySize(checked.memory),
    ram: ramRegions(checked.memory).map(({ gpa, size }) =>
      `${gpa.toString(16)}-${(gpa + size - 1).toString(16)}`
    ),
  };
}
