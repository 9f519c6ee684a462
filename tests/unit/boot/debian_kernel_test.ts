/** A real distribution kernel, where there is one: DENOVISOR_TEST_KERNEL, or the project's cache. */

import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { boot_params } from "../../../src/boot/boot_params.ts";
import { GPA } from "../../../src/board/addresses.ts";
import { openImage } from "../../../src/boot/image_file.ts";
import { inspectKernel, loadKernel } from "../../../src/boot/load.ts";
import { UserError } from "../../../src/errors.ts";
import { plainRam } from "../../support/plain_ram.ts";
import { image, MIB } from "./images.ts";

const CACHE = Deno.env.get("XDG_CACHE_HOME") ?? `${Deno.env.get("HOME")}/.cache`;

function findKernel(): string | undefined {
  const named = Deno.env.get("DENOVISOR_TEST_KERNEL");
  if (named !== undefined) return named;
  const cached = `${CACHE}/denovisor/vmlinuz`;
  try {
    return Deno.statSync(cached).isFile ? cached : undefined;
  } catch {
    return undefined;
  }
}

const kernelPath = findKernel();

Deno.test({
  name: "debian kernel: a stock bzImage is read, placed and described",
  ignore: kernelPath === undefined,
  fn: () => {
    using kernel = openImage(kernelPath!);
    const info = inspectKernel(kernel);
    assertEquals([info.protocol, info.cmdlineLimit], ["linux", 2047]);
    assertMatch(info.version!, /^\d+\.\d+/);
    const ram = plainRam(256 * MIB);
    const entry = loadKernel(ram, { kernel, cmdline: "console=ttyS0", acpiRsdp: GPA.ACPI_TABLES });
    assert(ram.intact);
    const page = boot_params.at(ram.view(GPA.ZERO_PAGE, 4096).slice().buffer);
    assertEquals(entry.rip, page.hdr.code32_start + 0x200);
    assertEquals(entry.rip - 0x200, page.hdr.pref_address_num);
    // The whole protected-mode part is there, from its first byte to its last.
    const setup = (page.hdr.setup_sects + 1) * 512, size = page.hdr.syssize * 16;
    const expected = new Uint8Array(size);
    kernel.read(setup, expected);
    const loaded = ram.view(page.hdr.code32_start, size);
    assert(expected.every((byte, index) => byte === loaded[index]));
  },
});

Deno.test({
  name: "debian kernel: cut short anywhere, it is refused",
  ignore: kernelPath === undefined,
  fn: () => {
    const bytes = Deno.readFileSync(kernelPath!);
    for (const part of [1e-6, 1e-4, 0.01, 0.5, 0.9, 0.999]) {
      assertThrows(() => inspectKernel(image(bytes.subarray(0, Math.ceil(bytes.length * part)))), UserError);
    }
  },
});
