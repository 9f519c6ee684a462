import { assert, assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { UserError } from "../../../src/errors.ts";
import { readTar, type TarEntry } from "../../../src/images/tar.ts";
import { TarError } from "../../../src/images/tar_header.ts";
import { inPieces, type Member, pax, tar } from "./tar_maker.ts";

type Read = Omit<TarEntry, "content"> & { text: string };

async function read(bytes: Uint8Array, pieces?: number): Promise<Read[]> {
  const found: Read[] = [];
  for await (const { content, ...entry } of readTar(inPieces(bytes, pieces))) {
    let text = "";
    for await (const piece of content()) text += new TextDecoder().decode(piece);
    found.push({ ...entry, text });
  }
  return found;
}

Deno.test("images/tar: every kind of member, in pieces of any size", async () => {
  const archive = tar([
    { path: "etc/", type: "5", mode: 0o755 },
    { path: "etc/hosts", data: "localhost\n", uid: 7, gid: 8, mtime: 1000, mode: 0o4755 },
    { path: "etc/link", type: "2", link: "/etc/hosts" },
    { path: "etc/hard", type: "1", link: "etc/hosts" },
    { path: "dev/null", type: "3", major: 1, minor: 3 },
    { path: "dev/vda", type: "4", major: 254, minor: 0 },
    { path: "run/fifo", type: "6" },
  ]);
  for (const pieces of [1, 511, 513, 1 << 20]) {
    const found = await read(archive, pieces);
    assertEquals(found.map(({ kind }) => kind), [
      "directory",
      "file",
      "symlink",
      "hardlink",
      "char",
      "block",
      "fifo",
    ]);
    const [, hosts, link, hard, nothing] = found;
    assertEquals([hosts!.text, hosts!.uid, hosts!.gid, hosts!.mtime, hosts!.mode], [
      "localhost\n",
      7,
      8,
      1000,
      0o4755,
    ]);
    assertEquals([link!.linkTarget, hard!.linkTarget], ["/etc/hosts", "etc/hosts"]);
    assertEquals([nothing!.major, nothing!.minor], [1, 3]);
  }
});

Deno.test("images/tar: pax and GNU headers override what the header has no room for", async () => {
  const long = `${"deep/".repeat(60)}file`;
  const capability = Uint8Array.of(1, 0, 0, 2, 10, 0x3d, 0);
  const found = await read(tar([
    { path: "g", type: "g", data: pax({ mtime: "42.5" }) },
    {
      path: "x",
      type: "x",
      data: pax({ path: long, uid: "3000000", "SCHILY.xattr.security.capability": capability }),
    },
    { path: "short", data: "1" },
    { path: "././@LongLink", type: "L", data: `${long}-gnu\0` },
    { path: "././@LongLink", type: "K", data: `${long}-target\0` },
    { path: "cut", type: "2", link: "cut" },
    { path: "label", type: "V" },
    { path: "plain", data: "2" },
  ]));
  assertEquals(found.map(({ path }) => path), [long, `${long}-gnu`, "plain"]);
  assertEquals([found[0]!.uid, found[0]!.mtime, found[0]!.text], [3000000, 42, "1"]);
  assertEquals(found[0]!.xattrs.get("security.capability"), capability);
  assertEquals(found[1]!.linkTarget, `${long}-target`);
  assertEquals([found[2]!.xattrs.size, found[2]!.text], [0, "2"]);
});

Deno.test("images/tar: content that nobody reads is passed over, and the rest is read to the end", async () => {
  const paths: string[] = [];
  let taken = 0;
  const archive = tar([{ path: "a", data: "x".repeat(5000) }, { path: "b" }]);
  const counted = async function* () {
    for await (const piece of inPieces(new Uint8Array([...archive, ...new Uint8Array(10240)]))) {
      taken += piece.length;
      yield piece;
    }
  };
  for await (const { path } of readTar(counted())) paths.push(path);
  assertEquals(paths, ["a", "b"]);
  assertEquals(taken, archive.length + 10240);
});

Deno.test("images/tar: damage is one clear error", async () => {
  const good: Member = { path: "a", data: "content" };
  const cases: readonly (readonly [string, Uint8Array])[] = [
    ["cut off", tar([good]).subarray(0, 515)],
    ["checksum", tar([good]).with(3, 99)],
    ["sparse", tar([{ path: "s", type: "S" }])],
    ["beyond reason", tar([{ path: "x", type: "x", size: 2 << 20 }])],
    ["pax header", tar([{ path: "x", type: "x", data: "99 path=short\n" }, good])],
    ["is no number", tar([{ path: "x", type: "x", data: pax({ uid: "many" }) }, good])],
  ];
  for (const [word, bytes] of cases) await assertRejects(() => read(bytes), UserError, word);
  const latin = tar([good]);
  latin.set([0xe9, 0xe8], 0);
  latin.set(new TextEncoder().encode("       "), 148);
  await assertRejects(() => read(latin), TarError);
});

Deno.test("images/tar: arbitrary bytes end, and throw nothing else", async () => {
  const archive = tar([{ path: "x", type: "x", data: pax({ path: "a" }) }, { path: "b", data: "content" }]);
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(archive.length - 1), fc.nat(255)), { maxLength: 6 }),
      async (changes) => {
        const damaged = archive.slice();
        for (const [at, byte] of changes) damaged[at] = byte;
        const found = await read(damaged).catch((error) => {
          assert(error instanceof TarError, String(error));
          return [];
        });
        assert(found.length <= 5);
      },
    ),
  );
});
