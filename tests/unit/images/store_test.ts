import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { HostError, UserError } from "../../../src/errors.ts";
import { growDisk, holdDisk, inspectDisk } from "../../../src/images/disk_file.ts";
import { makeExt4 } from "../../../src/images/ext4.ts";
import { ROOT_OWNED } from "../../../src/images/file_tree.ts";
import { buildImage, FILES, findImage, imageNames, removeImage } from "../../../src/images/store.ts";
import { emptyTree, inPlace } from "./rig.ts";

const MIB = 1 << 20;
const NOTE = {
  kind: "debian",
  system: "Test",
  release: "1.2",
  commandLine: "root=LABEL=x",
  sshKey: "key",
} as const;

async function fill(directory: string) {
  for (const file of [FILES.disk, FILES.kernel, FILES.initrd]) {
    await Deno.writeTextFile(join(directory, file), file);
  }
  return NOTE;
}

const build = (cache: string, inputs: Record<string, string>, rebuild = false, work = fill) =>
  buildImage({ name: "one", rebuild, cache }, inputs, work);

Deno.test("images/store: built once, found with all that a run needs, rebuilt on request, removed", async () => {
  await inPlace(async (cache) => {
    assertEquals([await imageNames({ cache }), await findImage("one", { cache })], [[], undefined]);
    const first = await build(cache, { size: "1" });
    assertEquals([first.built, (await build(cache, { size: "1" })).built], [true, false]);
    const image = await findImage("one", { cache });
    assertEquals(image, first.image);
    assertEquals([image!.disk, image!.sshKey], [
      join(image!.directory, "disk.raw"),
      join(image!.directory, "key"),
    ]);
    await assertRejects(() => build(cache, { size: "2" }), UserError, "another size");
    assertEquals((await build(cache, { size: "2" }, true)).built, true);
    assertEquals(await imageNames({ cache }), ["one"]);
    await removeImage("one", { cache });
    assertEquals([await imageNames({ cache }), await findImage("one", { cache })], [[], undefined]);
    await assertRejects(() => removeImage("one", { cache }), UserError, "no image");
    assertEquals(await findImage("../one", { cache }), undefined);
  });
});

Deno.test("images/store: a build that fails leaves nothing, and the image of before stays", async () => {
  await inPlace(async (cache) => {
    const fails = async (directory: string) => {
      await fill(directory);
      throw new HostError("no luck");
    };
    await assertRejects(() => build(cache, {}, false, fails), HostError, "no luck");
    assertEquals([...Deno.readDirSync(join(cache, "images"))].map(({ name }) => name), [".one.lock"]);
    const { image } = await build(cache, {});
    await assertRejects(() => build(cache, {}, true, fails), HostError, "no luck");
    assertEquals(await findImage("one", { cache }), image);
  });
});

Deno.test("images/store: of two at once one builds; what a dead one left is cleared", async () => {
  await inPlace(async (cache) => {
    await Deno.mkdir(join(cache, "images", ".one.part-dead"), { recursive: true });
    const both = await Promise.all([build(cache, {}), build(cache, {})]);
    assertEquals(both.map(({ built }) => built).sort(), [false, true]);
    const names = [...Deno.readDirSync(join(cache, "images"))].map(({ name }) => name).sort();
    assertEquals(names, [".one.lock", "one"]);
  });
});

Deno.test("images/store: a damaged image is told of, and can be removed", async () => {
  await inPlace(async (cache) => {
    const { image } = await build(cache, {});
    await Deno.remove(image.kernel);
    await assertRejects(() => findImage("one", { cache }), UserError, "damaged");
    await Deno.writeTextFile(join(image.directory, FILES.note), "{");
    await assertRejects(() => findImage("one", { cache }), UserError, "damaged");
    await removeImage("one", { cache });
    assertEquals(await imageNames({ cache }), []);
  });
});

Deno.test("images/store: a disk in use is neither removed nor resized", async () => {
  await inPlace(async (cache) => {
    const { image } = await build(cache, {});
    {
      using _machine = holdDisk(image.disk);
      await assertRejects(() => removeImage("one", { cache }), UserError, "in use");
      await assertRejects(() => growDisk(image.disk, MIB), UserError, "in use");
    }
    assertEquals((await growDisk(image.disk, MIB)).after, MIB);
    await removeImage("one", { cache });
  });
});

Deno.test("images/ext4: owners, modes, devices, links and names arrive; the disk grows and never shrinks", async () => {
  await inPlace(async (directory) => {
    const { tree, store } = await emptyTree(directory, 16 * MIB);
    const capability = Uint8Array.of(1, 0, 0, 2, 0, 32, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    const file = { ...ROOT_OWNED, kind: "file", ...await store.writeText("hello") } as const;
    tree.put("bin/su", {
      ...file,
      mode: 0o4755,
      uid: 5,
      gid: 70000,
      xattrs: new Map([["security.capability", capability]]),
    });
    tree.link("bin/su2", "bin/su");
    tree.put('odd "name" \\x', { ...ROOT_OWNED, kind: "symlink", mode: 0o777, target: "bin/su" });
    tree.put("dev/null", { ...ROOT_OWNED, kind: "char", major: 1, minor: 3, mode: 0o666 });
    tree.put("dev/pipe", { ...ROOT_OWNED, kind: "fifo", uid: 9 });
    tree.put("empty", { ...ROOT_OWNED, kind: "directory", mode: 0o1000, children: new Map() });
    const disk = join(directory, "disk.raw");
    const make = (size: number) => makeExt4({ tree, disk, size, label: "test", scratch: directory });
    await assertRejects(() => make(8 * MIB), UserError, "too little");
    await make(64 * MIB);

    const run = async (program: string, ...args: string[]) => {
      const { code, stdout } = await new Deno.Command(program, { args, stderr: "null" }).output();
      return { code, text: new TextDecoder().decode(stdout) };
    };
    const debugfs = async (command: string) => (await run("/sbin/debugfs", "-R", command, disk)).text;
    assertEquals((await run("/sbin/e2fsck", "-fn", disk)).code, 0);
    const su = await debugfs("stat /bin/su2");
    assert(/Mode: +04755/.test(su) && /User: +5 +Group: 70000/.test(su) && /Links: 2/.test(su), su);
    assert((await debugfs("ea_list /bin/su")).includes("security.capability (20) = 01 00 00 02 00 20"));
    assert(
      /character special.*Mode: +0666[^]*Device major\/minor number: 01:03/.test(
        await debugfs("stat /dev/null"),
      ),
    );
    assert(/FIFO[^]*User: +9 /.test(await debugfs("stat /dev/pipe")));
    assert(/directory.*Mode: +01000/.test(await debugfs("stat /empty")));
    assert((await debugfs("ls /")).includes('odd "name" \\x'));

    const before = await inspectDisk(disk);
    assertEquals([before.format, before.size, before.fileSystem!.label, before.fileSystem!.clean], [
      "raw",
      64 * MIB,
      "test",
      true,
    ]);
    assert(before.allocated < 16 * MIB, `${before.allocated}`);
    await assertRejects(() => growDisk(disk, 32 * MIB), UserError, "shrinking");
    const growth = await growDisk(disk, 128 * MIB);
    const after = await inspectDisk(disk);
    assertEquals([growth.fileSystemGrown, after.size, after.fileSystem!.size], [true, 128 * MIB, 128 * MIB]);
  });
});

Deno.test("images/disk_file: what is no disk is refused by what it is", async () => {
  await inPlace(async (directory) => {
    await assertRejects(() => inspectDisk(join(directory, "none")), UserError, "no such file");
    await assertRejects(() => inspectDisk(directory), UserError, "no file");
    const qcow2 = join(directory, "q");
    await Deno.writeFile(qcow2, new Uint8Array([0x51, 0x46, 0x49, 0xfb, 0, 0, 0, 3]));
    assertEquals((await inspectDisk(qcow2)).format, "qcow2");
    await assertRejects(() => growDisk(qcow2, MIB), UserError, "not a raw disk");
    const tiny = join(directory, "t");
    await Deno.writeTextFile(tiny, "");
    assertEquals((await inspectDisk(tiny)).fileSystem, undefined);
  });
});
