import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { zstdCompressSync } from "node:zlib";
import { debianKernel, kernelFromFile, releaseOf } from "../../../src/debian/kernel.ts";
import { kernelElf, payloadOf } from "../../../src/debian/kernel_elf.ts";
import { findTool } from "../../../src/debian/tool.ts";
import { UserError } from "../../../src/errors.ts";
import { gzip } from "../../../src/initramfs/compression.ts";
import { FakeApt, withCache } from "./fake_apt.ts";

/** A bzImage's head with a version string, and a payload (Linux Documentation/arch/x86/boot.rst). */
function bzImage(version: string, payload: Uint8Array = new Uint8Array()): Uint8Array<ArrayBuffer> {
  const image = new Uint8Array(0x1000 + payload.length);
  const view = new DataView(image.buffer);
  image[0x1f1] = 3; // Four sectors with the boot sector: protected mode starts at 0x800.
  image.set(new TextEncoder().encode("HdrS"), 0x202);
  view.setUint16(0x20e, 0x300 - 0x200, true);
  image.set(new TextEncoder().encode(`${version}\0`), 0x300);
  view.setUint32(0x248, 0x800, true);
  view.setUint32(0x24c, payload.length, true);
  image.set(payload, 0x1000);
  return image;
}

Deno.test("debian/kernel: Debian's image by the package that depends on it", async () => {
  await withCache(async (cache) => {
    const fake = new FakeApt({
      "linux-image-amd64": { version: "6.1.9-1", depends: ["linux-image-6.1.0-9-amd64"] },
      "linux-image-6.1.0-9-amd64": {
        version: "6.1.9-1",
        depends: ["kmod", "linux-base"],
        files: {
          "boot/vmlinuz-6.1.0-9-amd64": "",
          "boot/config-6.1.0-9-amd64": "",
          "lib/modules/6.1.0-9-amd64/x": "",
        },
      },
    });
    const kernel = await debianKernel({ run: fake.run, cache });
    assertEquals(kernel.release, "6.1.0-9-amd64");
    assertEquals(kernel.modulesDir?.endsWith("/lib/modules/6.1.0-9-amd64"), true);
    assertEquals(kernel.config?.endsWith("/boot/config-6.1.0-9-amd64"), true);
    await Deno.stat(kernel.vmlinuz);
    assertEquals(fake.calls.filter((call) => call.startsWith("apt-get")), [
      "apt-get download linux-image-6.1.0-9-amd64=6.1.9-1",
    ]);
  });
});

Deno.test("debian/kernel: Ubuntu's image, with modules from a package of their own, under /usr", async () => {
  await withCache(async (cache) => {
    const fake = new FakeApt({
      "linux-image-generic": { version: "6.8.5", depends: ["linux-image-6.8.0-5-generic", "linux-firmware"] },
      "linux-image-6.8.0-5-generic": {
        version: "6.8.0-5.6",
        depends: ["linux-modules-6.8.0-5-generic"],
        files: { "boot/vmlinuz-6.8.0-5-generic": "" },
      },
      "linux-modules-6.8.0-5-generic": {
        version: "6.8.0-5.6",
        files: { "usr/lib/modules/6.8.0-5-generic/modules.order": "" },
      },
    });
    const kernel = await debianKernel({ run: fake.run, cache });
    assertEquals(kernel.release, "6.8.0-5-generic");
    assertEquals(kernel.modulesDir?.endsWith("/usr/lib/modules/6.8.0-5-generic"), true);
    assertEquals(kernel.config, undefined);
  });
});

Deno.test("debian/kernel: a bzImage says its own release; other files are refused by name", async () => {
  assertEquals(releaseOf(bzImage("9.9.9-none (a@b) #1 SMP"), "k"), "9.9.9-none");
  assertThrows(() => releaseOf(new Uint8Array(0x2000), "/x/file"), UserError, "/x/file is no bzImage");
  await assertRejects(() => kernelFromFile("/nonexistent/vmlinuz"), UserError, "/nonexistent/vmlinuz");
  await withCache(async (directory) => {
    const path = join(directory, "vmlinuz");
    await Deno.writeFile(path, bzImage("9.9.9-none x"));
    assertEquals(await kernelFromFile(path), {
      vmlinuz: path,
      release: "9.9.9-none",
      modulesDir: undefined,
      config: undefined,
    });
  });
});

Deno.test("debian/kernel_elf: the ELF file comes out, whichever way it is packed", async () => {
  const elf = new Uint8Array(5000).fill(7);
  elf.set([0x7f, 0x45, 0x4c, 0x46]);
  const size = new Uint8Array(new Uint32Array([elf.length]).buffer);
  const payloads = [elf, await gzip(elf), new Uint8Array([...zstdCompressSync(elf), ...size])];
  if (await findTool("xz") !== undefined) payloads.push(new Uint8Array([...await xz(elf), ...size]));
  await withCache(async (cache) => {
    for (const payload of payloads) {
      const vmlinuz = join(cache, "vmlinuz");
      await Deno.writeFile(vmlinuz, bzImage("1", payload));
      const path = await kernelElf(vmlinuz, { cache });
      assertEquals(await Deno.readFile(path), elf);
      assertEquals(await kernelElf(vmlinuz, { cache }), path);
    }
  });
});

async function xz(data: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const child = new Deno.Command("xz", { args: ["-c"], stdin: "piped", stdout: "piped" }).spawn();
  const [{ stdout }] = await Promise.all([child.output(), new Blob([data]).stream().pipeTo(child.stdin)]);
  return stdout;
}

Deno.test("debian/kernel_elf: an unknown packing, a truncated image and no image are refused", () => {
  assertThrows(() => payloadOf(bzImage("1", new Uint8Array(9)), "k"), UserError, "packed by other than");
  const whole = bzImage("1", new Uint8Array([0x1f, 0x8b, 1, 2, 3, 4]));
  assertThrows(() => payloadOf(whole.slice(0, whole.length - 1), "k"), UserError, "truncated");
  assertThrows(() => payloadOf(new Uint8Array(10), "k"), UserError, "k is no bzImage");
});
