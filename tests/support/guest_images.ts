/**
 * The stock kernel and initramfs that guest tests boot, and the machines made of them.
 *
 * @module
 */

import { UserError } from "../../src/errors.ts";
import type { MachineConfig } from "../../mod.ts";

/** A boot protocol by which a stock kernel starts. */
export type LinuxProtocol = "linux" | "elf" | "pvh";

/** What a test asks of its machine, beside what {@linkcode linuxMachine} settles. */
export interface LinuxOptions extends Omit<MachineConfig, "kernel" | "initrd" | "cmdline" | "protocol"> {
  /** Default: `elf`, which starts soonest. */
  readonly protocol?: LinuxProtocol;
  /** Default: `INITRD`, the demo's. The other also has the drivers of virtio disks and ext4. */
  readonly initramfs?: "INITRD" | "VIRTIO_INITRD";
  /** Words of the kernel's command line behind {@linkcode BASE_WORDS}: those of the demo's init, or the kernel's own. */
  readonly words?: readonly string[];
}

/** The console on COM1, no chatter on it, and no waiting after a panic. */
export const BASE_WORDS: readonly string[] = ["console=ttyS0", "quiet", "panic=-1"];

/** RAM of a machine that names none. */
export const DEFAULT_MEMORY = "512M";

/** A path out of the environment, which the runner of all tests prepares. */
export function testImage(name: "KERNEL" | "VMLINUX" | "INITRD" | "VIRTIO_INITRD"): string {
  const path = Deno.env.get(`DENOVISOR_TEST_${name}`);
  if (path === undefined) {
    throw new UserError(`DENOVISOR_TEST_${name} is not set`, {
      hint: "Run `deno task test guests`, which prepares the kernel and the initramfs.",
    });
  }
  return path;
}

/** The machine that boots the stock kernel with the demo's initramfs. */
export function linuxMachine(
  { protocol = "elf", initramfs = "INITRD", words = [], ...rest }: LinuxOptions,
): MachineConfig {
  return {
    memory: DEFAULT_MEMORY,
    kernel: testImage(protocol === "linux" ? "KERNEL" : "VMLINUX"),
    initrd: testImage(initramfs),
    protocol,
    cmdline: [...BASE_WORDS, ...words].join(" "),
    ...rest,
  };
}
