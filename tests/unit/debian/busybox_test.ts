import { assertEquals } from "@std/assert";
import { busybox, isStatic } from "../../../src/debian/busybox.ts";
import { FakeApt, withCache } from "./fake_apt.ts";

/** An ELF64 header with program headers of the given types (System V ABI). */
function program(...types: number[]): Uint8Array {
  const file = new Uint8Array(64 + types.length * 56);
  const view = new DataView(file.buffer);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2]);
  view.setUint32(0x20, 64, true);
  view.setUint16(0x36, 56, true);
  view.setUint16(0x38, types.length, true);
  types.forEach((type, index) => view.setUint32(64 + index * 56, type, true));
  return file;
}

Deno.test("debian/busybox: a program with an interpreter is not static, nor is a script or a torn file", () => {
  assertEquals(isStatic(program(1, 1)), true);
  assertEquals(isStatic(program(1, 3)), false);
  assertEquals(isStatic(program(1, 1).slice(0, 70)), false);
  assertEquals(isStatic(new TextEncoder().encode("#!/bin/sh\n".repeat(10))), false);
  assertEquals(isStatic(new Uint8Array()), false);
});

Deno.test("debian/busybox: from Debian's package, wherever in it the file lies", async () => {
  for (const path of ["bin/busybox", "usr/bin/busybox"]) {
    await withCache(async (cache) => {
      const fake = new FakeApt({ "busybox-static": { version: "1:1.35.0-4", files: { [path]: "ELF" } } });
      const found = await busybox({ run: fake.run, cache });
      assertEquals(found, `${cache}/debian/busybox-busybox-static_1%3a1.35.0-4/${path}`);
    });
  }
});
