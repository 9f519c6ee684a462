/**
 * Set-up for the tests: Debian's packages that they use, and a stock kernel with the demo's initramfs.
 *
 * @module
 */

import { prepareDemo } from "../../src/debian/demo.ts";
import { lineProgress } from "../../src/debian/progress.ts";
import { kernelElf } from "../../src/debian/kernel_elf.ts";

/** Programs that tests use, and the packages that have them. */
const TOOLS: Readonly<Record<string, string>> = {
  iasl: "acpica-tools",
  acpiexec: "acpica-tools",
  gcc: "gcc",
  cpio: "cpio",
  xz: "xz-utils",
  "mkfs.ext4": "e2fsprogs",
  "qemu-img": "qemu-utils",
  "qemu-io": "qemu-utils",
};
/** Headers that the ABI proof compiles against. */
const HEADERS = { "/usr/include/linux/kvm.h": "linux-libc-dev", "/usr/include/stdio.h": "libc6-dev" };

/** What a guest with virtio disks needs beside the demo's modules. */
const VIRTIO_MODULES = ["virtio_pci", "virtio_mmio", "virtio_blk", "ext4", "crc32c_generic"];

/** What the tests need; returns environment variables that tell them where it is. */
export async function prepare(needs: { lab: boolean; guests: boolean }): Promise<Record<string, string>> {
  await installTools();
  if (!needs.guests) return {};
  const progress = lineProgress("   ");
  const { kernel, initrd } = await prepareDemo({ progress });
  const virtio = await prepareDemo({ progress, modules: VIRTIO_MODULES });
  return {
    DENOVISOR_TEST_KERNEL: kernel.vmlinuz,
    DENOVISOR_TEST_VMLINUX: await kernelElf(kernel.vmlinuz),
    DENOVISOR_TEST_INITRD: initrd,
    DENOVISOR_TEST_VIRTIO_INITRD: virtio.initrd,
  };
}

/** Installs what is missing where this is root with apt; elsewhere names it. Tests without their tool are skipped by name. */
async function installTools(): Promise<void> {
  const missing = new Set<string>();
  for (const [tool, name] of Object.entries(TOOLS)) if (!await found(tool)) missing.add(name);
  for (const [file, name] of Object.entries(HEADERS)) {
    if (!await Deno.stat(file).then(() => true, () => false)) missing.add(name);
  }
  if (missing.size === 0) return;
  const packages = [...missing];
  if (Deno.uid() !== 0 || !await found("apt-get")) {
    console.log(`   for all tests, install ${packages.join(" ")}`);
    return;
  }
  console.log(`   installing ${packages.join(" ")}`);
  const install = () => run("apt-get", "install", "-qy", "--no-install-recommends", ...packages);
  if (!await install()) {
    await run("apt-get", "update", "-q");
    if (!await install()) console.log(`   apt-get could not install ${packages.join(" ")}`);
  }
}

async function found(tool: string): Promise<boolean> {
  for (const directory of (Deno.env.get("PATH") ?? "").split(":").concat("/usr/sbin", "/sbin")) {
    if (await Deno.stat(`${directory}/${tool}`).then((file) => file.isFile, () => false)) return true;
  }
  return false;
}

async function run(command: string, ...args: string[]): Promise<boolean> {
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  const { success } = await new Deno.Command(command, { args, env, stdout: "null", stderr: "null" }).output();
  return success;
}
