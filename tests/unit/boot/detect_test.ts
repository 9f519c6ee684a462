import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { PROTOCOL_CHOICES } from "../../../src/boot/detect.ts";
import { inspectKernel } from "../../../src/boot/load.ts";
import { UserError } from "../../../src/errors.ts";
import { bzImage, elf, image, joined, MIB, multibootHeader, noteSegment, pattern } from "./images.ts";

const CODE = pattern(100);
const at = (offset: number, text: string) => {
  const bytes = new Uint8Array(0x9000).fill(0x80);
  bytes.set(Array.from(text, (char) => char.charCodeAt(0)), offset);
  return bytes;
};

Deno.test("detect: auto prefers bzImage, then PVH, then multiboot, then the 64-bit entry", () => {
  const code = { data: joined(multibootHeader(0), CODE) };
  const all = [
    [bzImage(), "linux"],
    [elf({ segments: [code, noteSegment("Xen", 18, MIB)] }), "pvh"],
    [elf({ segments: [code] }), "multiboot"],
    [elf({ segments: [{ data: CODE }] }), "elf"],
  ] as const;
  for (const [bytes, protocol] of all) assertEquals(inspectKernel(image(bytes)).protocol, protocol);
});

Deno.test("detect: a file that is no kernel is told what it looks like and what is accepted", () => {
  for (
    const [bytes, what] of [
      [at(0, "\x1f\x8b\x08"), "a gzip file"],
      [at(0, "\xfd7zXZ\0"), "an xz file"],
      [at(0, "\x28\xb5\x2f\xfd"), "a zstd file"],
      [at(0, "070701"), "a cpio archive"],
      [at(0, "#!/bin/sh\n"), "a script"],
      [at(0, "MZ"), "an EFI or Windows program (PE) without a Linux setup header"],
      [at(0x38, "ARM\x64"), "a Linux kernel for 64-bit Arm"],
      [at(0, "QFI\xfb"), "a qcow2 disk image"],
      [at(0x8001, "CD001"), "a CD image"],
      [at(510, "\x55\xaa"), "a boot sector or disk image"],
      [at(64, "\xd6\x50\x52\xe8"), "a multiboot 2 kernel"],
      [new TextEncoder().encode("hello\n"), "a text file"],
      [new Uint8Array(1000), "nothing but zeros"],
      [pattern(1), "no format that is known here"],
    ] as const
  ) {
    const error = assertThrows(() => inspectKernel(image(bytes, "the file")), UserError);
    assertStringIncludes(error.message, `the file is no kernel: it looks like ${what}`);
    assertStringIncludes(error.hint!, "bzImage");
    assertEquals(error.field, "kernel");
  }
});

Deno.test("detect: an archive hints at the initrd, raw code at the flat protocol", () => {
  const hint = (bytes: Uint8Array) => assertThrows(() => inspectKernel(image(bytes)), UserError).hint!;
  assertStringIncludes(hint(at(0, "070701")), "--initrd");
  assertStringIncludes(hint(at(510, "\x55\xaa")), "flat protocol");
});

Deno.test("detect: a protocol asked for is never replaced by another", () => {
  const files = { linux: bzImage(), elf: elf({ segments: [{ data: CODE }] }) };
  for (const [kind, bytes] of Object.entries(files)) {
    for (const protocol of PROTOCOL_CHOICES) {
      if (["auto", "flat", kind].includes(protocol)) continue;
      const error = assertThrows(() => inspectKernel(image(bytes), { protocol }), UserError);
      if (protocol === "pvh" && kind === "elf") assertStringIncludes(error.message, "no PVH entry");
      else {assertStringIncludes(
          error.message,
          `looks like ${kind === "elf" ? "an ELF file" : "a Linux bzImage"}`,
        );}
    }
  }
});
