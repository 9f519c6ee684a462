import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { GPA } from "../../../src/board/addresses.ts";
import { inspectKernel, loadKernel, type LoadOptions } from "../../../src/boot/load.ts";
import { UserError } from "../../../src/errors.ts";
import { plainRam } from "../../support/plain_ram.ts";
import { image, MIB, pattern } from "./images.ts";

const load = (bytes: Uint8Array, rest: Partial<LoadOptions> = {}) => {
  const ram = plainRam(16 * MIB);
  const entry = loadKernel(ram, {
    kernel: image(bytes),
    cmdline: "",
    acpiRsdp: 0,
    protocol: "flat",
    ...rest,
  });
  assert(ram.intact);
  return { ram, entry };
};

Deno.test("flat: a boot sector starts at 0:7c00 in real mode, with the disk in DL and the stack below it", () => {
  const bytes = pattern(512);
  const { ram, entry } = load(bytes);
  assertEquals([entry.mode, entry.rip, entry.cr0 & 1], ["real", 0x7c00, 0]);
  assertEquals([entry.segments.cs.selector, entry.segments.cs.base, entry.segments.cs.limit], [0, 0, 0xffff]);
  assertEquals(entry.registers, { rdx: 0x80, rsp: 0x7c00 });
  assertEquals(ram.view(0x7c00, 512), bytes);
});

Deno.test("flat: an address above 64 KiB becomes a segment and an offset", () => {
  const { ram, entry } = load(pattern(100), { flatAddress: 0x2_0008 });
  assertEquals([entry.segments.cs.selector, entry.segments.cs.base, entry.rip], [0x2000, 0x2_0000, 8]);
  assertEquals(ram.view(0x2_0008, 100), pattern(100));
});

Deno.test("flat: the stack keeps off an image that lies where it would be", () => {
  const { entry } = load(pattern(0x8000), { flatAddress: 0x1000 });
  assertEquals(entry.segments.ss.base + entry.registers.rsp!, GPA.LOW_MEMORY_END);
});

Deno.test("flat: the image may fill conventional memory up to the last stack, and no byte more", () => {
  const most = GPA.LOW_MEMORY_END - 1024 - 0x7c00;
  load(new Uint8Array(most));
  const error = assertThrows(() => load(new Uint8Array(most + 1)), UserError);
  assertStringIncludes(error.message, "too large for a flat binary");
});

Deno.test("flat: addresses that real mode cannot start at are refused", () => {
  for (const flatAddress of [-1, 0.5, NaN, Infinity, MIB, GPA.LOW_MEMORY_END]) {
    assertThrows(() => load(pattern(10), { flatAddress }), UserError, "cannot be loaded");
  }
});

Deno.test("flat: what the protocol cannot hand over is refused, not dropped", () => {
  for (
    const [rest, field] of [
      [{ cmdline: "x" }, "cmdline"],
      [{ initrd: image(pattern(1)) }, "initrd"],
      [{ modules: [{ file: image(pattern(1)), cmdline: "" }] }, "modules"],
    ] as const
  ) {
    assertEquals(assertThrows(() => load(pattern(10), rest), UserError).field, field);
  }
});

Deno.test("flat: it is never guessed, and its address is for it alone", () => {
  const kernel = image(pattern(512));
  assertThrows(() => inspectKernel(kernel), UserError, "no kernel");
  assertEquals(inspectKernel(kernel, { protocol: "flat" }).cmdlineLimit, 0);
  assertThrows(() => inspectKernel(kernel, { flatAddress: 0x7c00 }), UserError, "flat protocol only");
});
