import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { dirname } from "@std/path";
import { UserError } from "../../../src/errors.ts";
import { ERRNO } from "../../../ffi/errno.ts";
import { addressOf, IoVector } from "../../../ffi/iovec.ts";
import { createQcow2, diskInfo } from "../../../src/disk/images.ts";
import { openDisk, type OpenDiskOptions } from "../../../src/disk/open_disk.ts";
import {
  assertSame,
  pattern,
  pieces,
  qemuCreate,
  qemuTest,
  read,
  temporaryFolder,
  tool,
  write,
} from "./rig.ts";

/** Files of a folder that this process has open. Others' tests run in it too. */
function openBelow(folder: string): string[] {
  const links = Array.from(Deno.readDirSync("/proc/self/fd"), ({ name }) => {
    try {
      return Deno.readLinkSync(`/proc/self/fd/${name}`);
    } catch {
      return ""; // closed meanwhile
    }
  });
  return links.filter((link) => link.startsWith(`${folder}/`));
}

function refusal(path: string, options: OpenDiskOptions = {}): UserError {
  const own = dirname(path).includes("denovisor-disk-");
  const before = own ? openBelow(dirname(path)) : [];
  const error = assertThrows(() => openDisk(path, options), UserError);
  if (own) assertEquals(openBelow(dirname(path)), before, "nothing stays open");
  assertEquals(error.field, options.field ?? "disks");
  return error;
}

/** A small image with some of its header's bytes changed. */
function damaged(folder: { path(name: string): string }, at: number, ...bytes: number[]): string {
  const path = folder.path("damaged.qcow2");
  Deno.removeSync(path, { recursive: false });
  createQcow2(path, { size: 2 ** 20 });
  const file = Deno.readFileSync(path);
  file.set(bytes, at);
  Deno.writeFileSync(path, file);
  return path;
}

Deno.test("disk open: what is no disk is refused with the reason", () => {
  using folder = temporaryFolder();
  assertMatch(refusal(folder.path("none.raw")).message, /no such disk image: .*none\.raw/);
  assertMatch(refusal(folder.path("")).message, /is a directory/);
  assertMatch(refusal("/dev/null").message, /neither a file nor a block device/);
  assertMatch(refusal(`${folder.path("a")}\0b`).message, /NUL/);
  tool("mkfifo", [folder.path("fifo")]);
  assertMatch(refusal(folder.path("fifo")).message, /neither a file nor a block device/);
  Deno.writeFileSync(folder.path("odd.raw"), new Uint8Array(513));
  Deno.writeFileSync(folder.path("empty.raw"), new Uint8Array());
  assertMatch(refusal(folder.path("empty.raw")).message, /is empty/);
  const odd = refusal(folder.path("odd.raw"), { field: "disks.0" });
  assertMatch(odd.message, /513 bytes, which is no multiple of 512/);
  assertMatch(odd.hint!, /truncate/);
});

Deno.test("disk open: a guest's qcow2 header in a raw disk is never believed", () => {
  using folder = temporaryFolder();
  const raw = folder.path("disk.raw");
  Deno.writeFileSync(raw, new Uint8Array(4096));
  {
    using disk = openDisk(raw);
    assertEquals(disk.format, "raw");
    write(disk, 0, Uint8Array.of(0x51, 0x46, 0x49, 0xfb)); // a guest may write what it likes
  }
  assertMatch(refusal(raw).hint!, /format=raw/);
  {
    using disk = openDisk(raw, { format: "raw" });
    assertEquals(read(disk, 0, 4), Uint8Array.of(0x51, 0x46, 0x49, 0xfb));
  }
  Deno.writeFileSync(folder.path("disk.qcow2"), new Uint8Array(4096));
  assertMatch(refusal(folder.path("disk.qcow2")).message, /does not begin with its magic/);
  assertMatch(refusal(folder.path("disk.qcow2"), { format: "qcow2" }).message, /magic number/);
});

Deno.test("disk open: a header that no image has is refused before anything is allocated", () => {
  using folder = temporaryFolder();
  Deno.writeFileSync(folder.path("damaged.qcow2"), new Uint8Array());
  const cases: [number, number[], RegExp][] = [
    [4, [0, 0, 0, 4], /version 4 is neither 2 nor 3/],
    [20, [0, 0, 0, 40], /clusters of 2\^40/],
    [20, [0, 0, 0, 8], /clusters of 2\^8/],
    [24, [0xff, 0, 0, 0], /virtual size/],
    [24, [0, 0x1f, 0, 0], /L1 table of .* entries/],
    [24, [0, 0, 0xff, 0], /L1 table is too small/],
    [32, [0, 0, 0, 2], /encrypted/],
    [36, [0xff, 0xff, 0xff, 0xff], /L1 table of 4294967295 entries/],
    [40, [0, 0, 1], /L1 table ends at/],
    [46, [1], /L1 table is at/],
    [50, [1], /refcount table ends at/],
    [56, [0, 0, 0, 0], /refcount table of 0 clusters/],
    [56, [1, 0, 0, 0], /refcount table of 16777216 clusters/],
    [79, [4], /external data file/],
    [79, [0x10], /extended L2/],
    [79, [0x20], /not known here \(incompatible feature bit 5\)/],
    [72, [0x80], /incompatible feature bit 63/],
    [79, [8], /compression type 0/],
    [104, [1], /compression type 1/],
    [79, [1], /was not closed/],
    [79, [2], /marked as corrupt/],
    [96, [0, 0, 0, 7], /refcounts of 2\^7 bits/],
    [100, [0, 0, 0, 103], /header of 103 bytes/],
    [112, [1, 2, 3, 4, 0xff, 0, 0, 0], /header extension of/],
    [3 * 65536, [0x80, 0, 0, 1], /entry 0 leads to .* in its L1 table/],
    [3 * 65536 + 6, [2], /entry 0 leads to 512 in its L1 table/],
    [65536 + 5, [0], /refcounts do not even count the header/],
    [65536 + 8, [0, 0, 1], /entry 1 leads to .* in its refcount table/],
  ];
  for (const [at, bytes, expected] of cases) {
    assertMatch(refusal(damaged(folder, at, ...bytes)).message, expected);
  }
  for (const bit of [1, 2]) openDisk(damaged(folder, 79, bit), { readOnly: true })[Symbol.dispose]();
  Deno.truncateSync(damaged(folder, 0), 100_000);
  assertMatch(refusal(folder.path("damaged.qcow2")).message, /refcount table ends|L1 table ends/);
});

Deno.test("disk open: backing files that are missing, in a loop, or no files", () => {
  using folder = temporaryFolder();
  const [a, b] = [folder.path("a.qcow2"), folder.path("b.qcow2")];
  createQcow2(a, { size: 2 ** 20 });
  createQcow2(b, { backing: { path: a } });
  assertEquals(diskInfo(b).backing, a);
  // a over b, by hand: the name is where b's own is.
  const bytes = Deno.readFileSync(b);
  bytes.set(new TextEncoder().encode(b), 136);
  Deno.writeFileSync(a, bytes);
  assertMatch(refusal(a).message, /chain of backing files is a loop/);
  assertMatch(refusal(b).message, /chain of backing files is a loop/);
  Deno.removeSync(a);
  assertMatch(refusal(b).message, /no such disk image: .*a\.qcow2/);
  assertThrows(
    () => createQcow2(folder.path("c.qcow2"), { backing: { path: a } }),
    UserError,
    "no such disk",
  );
  assertThrows(() => createQcow2(b, { size: 512 }), UserError, "EEXIST");
  assertThrows(() => createQcow2(folder.path("c.qcow2"), { size: 1000 }), UserError, "multiple of 512");
  assertThrows(() => createQcow2(folder.path("c.qcow2"), { size: 2 ** 52 }), UserError, "too many");
  bytes.set(new TextEncoder().encode("nbd:host:1"), 136);
  Deno.writeFileSync(b, bytes);
  assertMatch(refusal(b).message, /is no file/);
});

Deno.test("disk open: an image has one writer, or readers", () => {
  using folder = temporaryFolder();
  const base = folder.path("base.qcow2"), overlay = folder.path("overlay.qcow2");
  createQcow2(base, { size: 2 ** 20 });
  createQcow2(overlay, { backing: { path: base } });
  {
    using _writer = openDisk(base);
    assertMatch(refusal(base).message, /in use/);
    assertMatch(refusal(base, { readOnly: true }).message, /in use: .* for writing/);
    assertMatch(refusal(overlay).message, /base\.qcow2 is in use/);
    assertEquals(diskInfo(base).virtualSize, 2 ** 20); // looking is allowed
  }
  using _reader = openDisk(base, { readOnly: true });
  using _above = openDisk(overlay);
  using second = openDisk(base, { readOnly: true });
  assertMatch(refusal(base).message, /in use/);
  assertEquals(second.write(0, pieces(new Uint8Array(512))), ERRNO.EROFS);
  assertEquals(second.discard(0, 512), ERRNO.EROFS);
  assertEquals(second.writeZeroes(0, 512, true), ERRNO.EROFS);
  assertEquals(second.flush(), 0);
});

qemuTest("disk open: QEMU sees our locks", () => {
  using folder = temporaryFolder();
  const path = folder.path("disk.qcow2");
  qemuCreate(path, "1M");
  {
    using _disk = openDisk(path);
    assertMatch(tool("qemu-io", ["-c", "read 0 512", path], 1), /lock/);
    assertMatch(tool("qemu-io", ["-r", "-c", "read 0 512", path], 1), /lock/);
  }
  {
    using _disk = openDisk(path, { readOnly: true });
    assertMatch(tool("qemu-io", ["-c", "read 0 512", path], 1), /lock/);
    tool("qemu-io", ["-r", "-c", "read 0 512", path]);
  }
  tool("qemu-io", ["-c", "write 0 512", path]);
});

qemuTest("disk open: we see QEMU's locks", async () => {
  using folder = temporaryFolder();
  const path = folder.path("disk.qcow2");
  qemuCreate(path, "1M");
  for (const flags of [[], ["-r"]]) {
    const child = new Deno.Command("qemu-io", { args: [...flags, path], stdin: "piped", stdout: "piped" })
      .spawn();
    const commands = child.stdin.getWriter();
    await commands.write(new TextEncoder().encode("read 0 512\n")); // it answers when it has the image open
    const output = child.stdout.getReader();
    for (
      let text = "";
      !text.includes("read 512");
      text += new TextDecoder().decode((await output.read()).value)
    );
    assertMatch(refusal(path).message, /in use/);
    if (flags.length === 0) assertMatch(refusal(path, { readOnly: true }).message, /in use/);
    else openDisk(path, { readOnly: true })[Symbol.dispose]();
    await commands.close();
    await output.cancel();
    await child.status;
  }
});

Deno.test("disk: ranges past the end are EINVAL, and touch nothing", () => {
  using folder = temporaryFolder();
  Deno.writeFileSync(folder.path("disk.raw"), new Uint8Array(8192));
  createQcow2(folder.path("disk.qcow2"), { size: 8192 });
  for (const name of ["disk.raw", "disk.qcow2"]) {
    using disk = openDisk(folder.path(name));
    const bytes = new Uint8Array(1024).fill(0xee);
    for (const offset of [8192, 7680, -512, NaN, 2 ** 60]) {
      assertEquals(disk.read(offset, pieces(bytes)), ERRNO.EINVAL);
      assertEquals(disk.write(offset, pieces(bytes)), ERRNO.EINVAL);
      assertEquals(disk.discard(offset, 1024), ERRNO.EINVAL);
      assertEquals(disk.writeZeroes(offset, 1024, true), ERRNO.EINVAL);
    }
    assert(bytes.every((byte) => byte === 0xee));
    assertEquals(disk.read(8192, new IoVector(1)), 0); // nothing, at the end
    assertSame(read(disk, 0, 8192), new Uint8Array(8192), name);
  }
});

Deno.test("disk: a raw disk that grows is noticed", () => {
  using folder = temporaryFolder();
  const path = folder.path("disk.raw");
  Deno.writeFileSync(path, new Uint8Array(8192));
  using disk = openDisk(path);
  Deno.truncateSync(path, 16384 + 100);
  assertEquals(disk.size, 8192);
  assertEquals(disk.refreshSize(), 0);
  assertEquals(disk.size, 16384);
  write(disk, 8192, pattern(8192, 1));
  assertSame(read(disk, 8192, 8192), pattern(8192, 1), "the new part");
});

Deno.test("disk: a table of more pieces than one call takes", () => {
  using folder = temporaryFolder();
  Deno.writeFileSync(folder.path("disk.raw"), new Uint8Array(2 ** 20));
  createQcow2(folder.path("disk.qcow2"), { size: 2 ** 20 });
  const bytes = pattern(2500 * 300, 3);
  const address = addressOf(bytes);
  const table = new IoVector(2500);
  for (let at = 0; at < bytes.length; at += 300) assert(table.add(address + at, 300));
  for (const name of ["disk.raw", "disk.qcow2"]) {
    using disk = openDisk(folder.path(name));
    assertEquals(disk.write(1000, table), 0); // into new clusters
    assertEquals(disk.write(1000, table), 0); // in place
    assertSame(read(disk, 1000, bytes.length), pattern(bytes.length, 3), name);
    bytes.fill(0);
    assertEquals(disk.read(1000, table), 0);
    assertSame(bytes, pattern(bytes.length, 3), name);
  }
});

Deno.test("disk: cache mode none, aligned and not", () => {
  using folder = temporaryFolder();
  const model = pattern(2 ** 20, 4);
  const path = folder.path("disk.raw");
  Deno.writeFileSync(path, model);
  let disk;
  try {
    disk = openDisk(path, { cache: "none" });
  } catch (error) {
    assert(error instanceof UserError); // a file system that cannot: it says so
    assertMatch(error.message, /bypass/);
    return;
  }
  const memory = new Uint8Array(3 * 4096);
  const aligned = Math.ceil(addressOf(memory) / 4096) * 4096;
  const table = new IoVector(2);
  for (const shift of [0, 512, 1]) {
    table.clear();
    table.add(aligned + shift, 4096);
    assertEquals(disk.read(40960, table), 0);
    const got = new Uint8Array(4096);
    table.copyTo(0, got);
    assertSame(got, model.subarray(40960, 45056), `read into page + ${shift}`);
    assertEquals(disk.write(81920 + shift, table), 0);
    model.set(got, 81920 + shift);
  }
  assertSame(read(disk, 0, disk.size), model, "the whole disk");
  disk[Symbol.dispose]();
  assertSame(Deno.readFileSync(path), model, "the file");
});
