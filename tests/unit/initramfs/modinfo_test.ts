import { assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import fc from "fast-check";
import { HostError } from "../../../src/errors.ts";
import { moduleInfo, moduleName } from "../../../src/initramfs/modinfo.ts";
import { fakeModule } from "./fake_module.ts";

Deno.test("initramfs/modinfo: dependencies and soft dependencies, names with underscores", () => {
  const file = fakeModule([
    "license=GPL",
    "softdep=pre: crc32c-intel other post: later",
    "depends=kvm,x-tables",
    "name=demo",
    "softdep=post: z pre: last",
  ]);
  assertEquals(moduleInfo(file, "demo.ko"), {
    depends: ["kvm", "x_tables"],
    softPre: ["crc32c_intel", "other", "last"],
  });
});

Deno.test("initramfs/modinfo: an empty depends is none", () => {
  assertEquals(moduleInfo(fakeModule({ depends: "" }), "demo.ko").depends, []);
});

Deno.test("initramfs/modinfo: a module's name comes from its file", () => {
  const names = ["kernel/arch/x86/kvm/kvm-amd.ko", "a/kvm-amd.ko.xz", "kvm-amd.ko.zst", "kvm_amd"];
  for (const file of names) assertEquals(moduleName(file), "kvm_amd", file);
});

Deno.test("initramfs/modinfo: what is no module is refused by name", () => {
  assertThrows(() => moduleInfo(new Uint8Array(), "empty.ko"), HostError, "empty.ko");
  assertThrows(
    () => moduleInfo(new TextEncoder().encode("#!/bin/sh\n"), "script.ko"),
    HostError,
    "script.ko",
  );
});

Deno.test("initramfs/modinfo: damage anywhere gives an answer or a HostError, nothing else", () => {
  const sound = fakeModule({ depends: "a,b" });
  fc.assert(fc.property(
    fc.array(fc.tuple(fc.nat(sound.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }),
    fc.nat(sound.length),
    (changes, length) => {
      const file = sound.slice(0, length);
      for (const [at, byte] of changes) if (at < length) file[at] = byte;
      try {
        moduleInfo(file, "damaged.ko");
      } catch (error) {
        assertInstanceOf(error, HostError);
      }
    },
  ));
});
