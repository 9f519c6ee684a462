/**
 * QEMU, as the emulator of the lab's machine: found or installed, and its command line.
 *
 * @module
 */

import { join } from "@std/path";
import { HostError } from "../errors.ts";
import { howToInstall } from "../debian/distributions.ts";
import { apt, hasApt, type PackageOptions } from "../debian/packages.ts";
import { findTool } from "../debian/tool.ts";
import { SHARE_TAGS } from "./init.ts";

const PROGRAM = "qemu-system-x86_64";
const PACKAGE = "qemu-system-x86";

/** Names of the sockets that join the lab's ports to us, in the order of their port numbers. */
export const PORTS = ["terminal", "control", "stdin", "stdout", "stderr"] as const;
/** One of {@linkcode PORTS}. */
export type PortName = typeof PORTS[number];

/** What the machine is made of. Paths are the host's. */
export interface MachineOptions {
  readonly cpus: number;
  readonly memoryMiB: number;
  /** An ELF file with a PVH entry, or a bzImage. */
  readonly kernel: string;
  readonly initrd: string;
  /** Directory of the port sockets, each named as its port; we listen before QEMU starts. */
  readonly sockets: string;
  /** File for the kernel's messages. */
  readonly log: string;
  /** Directory shared for writing. */
  readonly outDir?: string;
  readonly network: boolean;
  readonly nestedPaging: boolean;
}

/**
 * The path of QEMU's x86-64 system emulator; where it is missing, root has it installed by Debian's package manager.
 *
 * @throws {HostError} that says what to install.
 */
export async function findQemu(options: PackageOptions = {}): Promise<string> {
  const found = await findTool(PROGRAM);
  if (found !== undefined) return found;
  if (Deno.uid() !== 0 || !await hasApt()) {
    throw new HostError(`the lab needs ${PROGRAM}, which this host does not have`, {
      hint: `Install it (as root):\n${howToInstall("qemu")}`,
    });
  }
  const manager = apt(options);
  if (await manager.candidate(PACKAGE) === undefined) await manager.update();
  try {
    await manager.install([PACKAGE]);
  } catch {
    // Old lists name files that the archive no longer has.
    await manager.update();
    await manager.install([PACKAGE]);
  }
  const installed = await findTool(PROGRAM);
  if (installed === undefined) throw new HostError(`the package ${PACKAGE} has no ${PROGRAM}`);
  return installed;
}

/** QEMU's arguments for the lab's machine. */
export function qemuArguments(options: MachineOptions): string[] {
  const { cpus, memoryMiB, kernel, initrd, log, outDir } = options;
  const share = (path: string, tag: string, more: string) =>
    `local,path=${value(path)},mount_tag=${tag},security_model=none,multidevs=remap${more}`;
  return [
    ...["-nodefaults", "-no-user-config", "-no-reboot", "-display", "none"],
    // The SVM of QEMU's own emulator: hardware semantics, whatever this host's CPU can.
    ...["-M", "q35", "-accel", "tcg,thread=multi"],
    ...["-cpu", options.nestedPaging ? "max,+svm" : "max,+svm,-npt"],
    ...["-smp", String(cpus), "-m", `${memoryMiB}M`],
    ...["-kernel", kernel, "-initrd", initrd],
    // panic=-1 restarts at once, which -no-reboot turns into an exit.
    ...["-append", "console=ttyS0 panic=-1 random.trust_cpu=on nokaslr tsc=reliable mitigations=off"],
    ...["-serial", `file:${log}`],
    ...["-device", "virtio-rng-pci", "-device", "virtio-serial-pci,id=ports"],
    ...PORTS.flatMap((name, number) => [
      "-chardev",
      `socket,id=${name},path=${value(join(options.sockets, name))},server=off`,
      "-device",
      `${name === "terminal" ? "virtconsole" : "virtserialport"},bus=ports.0,nr=${number},chardev=${name}`,
    ]),
    ...["-virtfs", share("/", SHARE_TAGS.root, ",readonly=on")],
    ...(outDir === undefined ? [] : ["-virtfs", share(outDir, SHARE_TAGS.out, "")]),
    // No boot ROM: it takes a package more, and time.
    ...(options.network ? ["-netdev", "user,id=net", "-device", "virtio-net-pci,netdev=net,romfile="] : []),
  ];
}

/** A value inside a QEMU option, where a comma would begin the next one. */
function value(text: string): string {
  return text.replaceAll(",", ",,");
}
