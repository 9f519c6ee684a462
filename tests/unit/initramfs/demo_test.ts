import { assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { demoInitramfs } from "../../../src/initramfs/demo.ts";
import { DEMO_INIT, USER_SPACE_REACHED } from "../../../src/initramfs/demo_init.ts";
import { readCpio } from "./cpio_reader.ts";
import { fakeModule } from "./fake_module.ts";

async function withKernel(use: (modulesDir: string, busybox: string) => Promise<void>) {
  const directory = await Deno.makeTempDir();
  try {
    const names = ["pvpanic.ko", "pvpanic-mmio.ko", "button.ko", "evdev.ko", "extra.ko"];
    await Deno.writeTextFile(join(directory, "modules.order"), names.map((name) => `${name}\n`).join(""));
    await Deno.writeTextFile(join(directory, "modules.builtin"), "");
    for (const name of names) {
      const depends = name === "pvpanic-mmio.ko" ? "pvpanic" : "";
      await Deno.writeFile(join(directory, name), fakeModule({ depends, file: name }));
    }
    await Deno.writeTextFile(join(directory, "busybox"), "ELF");
    await use(directory, join(directory, "busybox"));
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("initramfs/demo: a console, busybox, an executable /init, and modules in the order of loading", async () => {
  await withKernel(async (modulesDir, busybox) => {
    const archive = await demoInitramfs({ modulesDir, busybox, modules: ["extra"] });
    const members = new Map(readCpio(archive).map((member) => [member.path, member]));
    assertEquals(members.get("dev/console")?.device, [5, 1]);
    assertEquals(members.get("init")?.mode, 0o100755);
    assertEquals(members.get("bin/busybox")?.mode, 0o100755);
    assertEquals(
      new TextDecoder().decode(members.get("lib/modules/order")?.data),
      "pvpanic\npvpanic_mmio\nbutton\nevdev\nextra\n",
    );
    const module = new TextDecoder().decode(members.get("lib/modules/pvpanic_mmio.ko")?.data);
    assertStringIncludes(module, "file=pvpanic-mmio.ko");
    assertEquals(archive, await demoInitramfs({ modulesDir, busybox, modules: ["extra"] }));
  });
});

Deno.test("initramfs/demo: a kernel without modules does", async () => {
  await withKernel(async (_, busybox) => {
    const paths = readCpio(await demoInitramfs({ modulesDir: undefined, busybox })).map(({ path }) => path);
    assertEquals(paths.filter((path) => path.endsWith(".ko")), []);
  });
});

Deno.test("initramfs/demo: /init is sound shell, and its first command prints the line that is timed", async () => {
  const { code, stderr } = await new Deno.Command("sh", { args: ["-n", "-c", DEMO_INIT] }).output();
  assertEquals([code, new TextDecoder().decode(stderr)], [0, ""]);
  const commands = DEMO_INIT.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  assertEquals(commands[0], `echo "${USER_SPACE_REACHED}"`);
});
