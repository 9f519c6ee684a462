import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { cpio, type CpioEntry } from "../../../src/initramfs/cpio.ts";
import { findTool } from "../../../src/debian/tool.ts";
import { readCpio } from "./cpio_reader.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

Deno.test("initramfs/cpio: an archive with one file is as the format says, byte for byte", () => {
  const archive = cpio([{ kind: "file", path: "hi", mode: 0o600, data: bytes("hello") }]);
  const header = "070701" + "00000001" + "00008180" + "00000000".repeat(2) + "00000001" + "00000000" +
    "00000005" + "00000000".repeat(4) + "00000003" + "00000000";
  const text = new TextDecoder().decode(archive);
  assertEquals(text.slice(0, 110), header);
  // 110 + "hi\0" is 113, padded to 116; "hello" is padded to 8.
  assertEquals(text.slice(110, 124), "hi\0\0\0\0hello\0\0\0");
  assertEquals(text.slice(124 + 110, 124 + 121), "TRAILER!!!\0");
  assertEquals(archive.length % 4, 0);
});

Deno.test("initramfs/cpio: kinds, modes and device numbers arrive; missing directories come first, once", () => {
  const members = readCpio(cpio([
    { kind: "device", path: "dev/console", type: "char", major: 5, minor: 1, mode: 0o600 },
    { kind: "device", path: "dev/vda", type: "block", major: 254, minor: 16 },
    { kind: "symlink", path: "bin/deep/sh", target: "../busybox" },
    { kind: "directory", path: "tmp", mode: 0o1777 },
    { kind: "file", path: "bin/busybox", mode: 0o755, data: bytes("ELF") },
  ]));
  assertEquals(members.map(({ path, mode, links, device }) => [path, mode.toString(8), links, ...device]), [
    ["dev", "40755", 2, 0, 0],
    ["dev/console", "20600", 1, 5, 1],
    ["dev/vda", "60644", 1, 254, 16],
    ["bin", "40755", 2, 0, 0],
    ["bin/deep", "40755", 2, 0, 0],
    ["bin/deep/sh", "120777", 1, 0, 0],
    ["tmp", "41777", 2, 0, 0],
    ["bin/busybox", "100755", 1, 0, 0],
  ]);
  assertEquals(new TextDecoder().decode(members[5]!.data), "../busybox");
});

/** Names whose case-insensitive collisions do not matter, but whose lengths cover every padding. */
const name = fc.stringMatching(/^[a-zä][a-zä0-9_.-]{0,9}$/);
const entries = fc.uniqueArray(
  fc.record({
    path: fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/")),
    data: fc.uint8Array({ maxLength: 20 }),
    mode: fc.integer({ min: 0, max: 0o7777 }),
  }),
  { selector: ({ path }) => path },
);

Deno.test("initramfs/cpio: what is packed is what a reader finds, each inode its own", () => {
  fc.assert(fc.property(entries, (files) => {
    // A path that is also another's directory cannot be a file.
    const isDirectory = (path: string) => files.some((other) => other.path.startsWith(`${path}/`));
    const leaves = files.filter(({ path }) => !isDirectory(path));
    const members = readCpio(cpio(leaves.map((file): CpioEntry => ({ kind: "file", ...file }))));
    assertEquals(new Set(members.map(({ inode }) => inode)).size, members.length);
    const seen = new Set<string>();
    for (const { path } of members) {
      const parent = path.slice(0, Math.max(path.lastIndexOf("/"), 0));
      assert(parent === "" || seen.has(parent), `${path} before its directory`);
      assert(!seen.has(path), `${path} twice`);
      seen.add(path);
    }
    for (const { path, data, mode } of leaves) {
      const member = members.find((candidate) => candidate.path === path)!;
      assertEquals(member.mode, 0o100000 | mode);
      assertEquals(member.data, data);
    }
  }));
});

Deno.test("initramfs/cpio: names that would escape, end or confuse the archive are refused", () => {
  for (const path of ["", "/etc", "a//b", "a/", "../up", "a/./b", "a\0b", "TRAILER!!!", "x".repeat(4096)]) {
    assertThrows(() => cpio([{ kind: "directory", path }]), RangeError, "", path);
  }
  const twice: CpioEntry = { kind: "directory", path: "a" };
  assertThrows(() => cpio([twice, twice]), RangeError, "twice");
  assertThrows(() => cpio([{ kind: "directory", path: "a", mode: 0o40755 }]), RangeError, "mode");
  const device = { kind: "device", path: "d", type: "char", minor: 0 } as const;
  assertThrows(() => cpio([{ ...device, major: 2 ** 32 }]), RangeError, "major");
});

Deno.test("initramfs/cpio: the host's own cpio program lists and checks the archive", async (t) => {
  const archive = cpio([
    { kind: "device", path: "dev/null", type: "char", major: 1, minor: 3, mode: 0o666 },
    { kind: "file", path: "a/b/c", data: bytes("odd") },
    { kind: "symlink", path: "link", target: "a/b/c" },
  ]);
  for (const [program, ...args] of [["cpio", "-t", "--quiet"], ["busybox", "cpio", "-t"]]) {
    const found = await findTool(program!) !== undefined;
    await t.step({
      name: program!,
      ignore: !found,
      async fn() {
        const child = new Deno.Command(program!, { args, stdin: "piped", stdout: "piped", stderr: "null" })
          .spawn();
        const writer = child.stdin.getWriter();
        await writer.write(archive);
        await writer.close();
        const { code, stdout } = await child.output();
        assertEquals(code, 0);
        assertEquals(
          new TextDecoder().decode(stdout).trim().split("\n"),
          ["dev", "dev/null", "a", "a/b", "a/b/c", "link"],
        );
      },
    });
  }
});
