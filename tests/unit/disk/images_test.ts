import { assertEquals, assertThrows } from "@std/assert";
import { UserError } from "../../../src/errors.ts";
import { createQcow2, diskInfo, growQcow2 } from "../../../src/disk/images.ts";
import { openDisk } from "../../../src/disk/open_disk.ts";
import {
  assertSame,
  assertSound,
  pattern,
  qemuCreate,
  qemuRead,
  qemuTest,
  read,
  temporaryFolder,
  tool,
  write,
} from "./rig.ts";

qemuTest("disk images: what we make, QEMU opens; info says what qemu-img says", () => {
  using folder = temporaryFolder();
  const base = folder.path("base.qcow2"), overlay = folder.path("overlay.qcow2");
  createQcow2(base, { size: 3 * 2 ** 30 });
  assertSound(base);
  {
    using disk = openDisk(base);
    write(disk, 2 ** 31 + 512, pattern(100_000, 1));
  }
  createQcow2(overlay, { backing: { path: base } });
  assertSound(overlay);
  const theirs = JSON.parse(tool("qemu-img", ["info", "--output=json", overlay]));
  const ours = diskInfo(overlay);
  assertEquals(ours, {
    format: theirs.format,
    virtualSize: theirs["virtual-size"],
    allocated: theirs["actual-size"],
    clusterSize: theirs["cluster-size"],
    backing: theirs["full-backing-filename"],
    backingFormat: theirs["backing-filename-format"],
    snapshots: 0,
  });
  tool("qemu-img", ["compare", "-q", base, overlay]);
  {
    using disk = openDisk(overlay);
    write(disk, 2 ** 31, pattern(512, 2));
    assertSame(read(disk, 2 ** 31 + 512, 100_000), pattern(100_000, 1), "through the overlay");
  }
  tool("qemu-img", ["compare", "-q", base, overlay], 1);
  for (const path of [base, overlay]) assertSound(path);
});

qemuTest("disk images: compressed clusters, zlib and zstd", () => {
  using folder = temporaryFolder();
  const model = new Uint8Array(2 ** 20);
  for (let at = 0; at < model.length; at += 4096) model.fill(at / 4096 + 1, at, at + 3000); // compresses
  model.set(pattern(70_000, 6), 200_000); // does not
  Deno.writeFileSync(folder.path("raw"), model);
  for (const type of ["zlib", "zstd"]) {
    for (const bits of type === "zlib" ? [9, 12, 16, 21] : [12, 16, 21]) {
      const path = folder.path(`${type}${bits}.qcow2`);
      const options = `compression_type=${type},cluster_size=${2 ** bits}`;
      tool("qemu-img", [
        "convert",
        "-c",
        "-f",
        "raw",
        "-O",
        "qcow2",
        "-o",
        options,
        folder.path("raw"),
        path,
      ]);
      const mine = model.slice();
      {
        using disk = openDisk(path);
        for (let at = 0; at < mine.length; at += 40_000) {
          const length = Math.min(40_000, mine.length - at);
          assertSame(read(disk, at, length), mine.subarray(at, at + length), `${type} 2^${bits}`);
        }
        for (const at of [0, 5_000, 210_000, 900_000]) {
          mine.set(pattern(3_000, at), at);
          write(disk, at, pattern(3_000, at));
        }
      }
      assertSound(path);
      assertSame(qemuRead(path), mine, `${type} 2^${bits}`);
    }
  }
});

qemuTest("disk images: a base may be shorter, and named from the image's folder on", () => {
  using folder = temporaryFolder();
  Deno.writeFileSync(folder.path("base.raw"), pattern(512 * 300, 8));
  const model = new Uint8Array(2 ** 20);
  model.set(pattern(512 * 300, 8));
  qemuCreate(folder.path("middle.qcow2"), 2 ** 19, ["-b", "base.raw", "-F", "raw"]);
  qemuCreate(folder.path("top.qcow2"), 2 ** 20, ["-b", "middle.qcow2", "-F", "qcow2"]);
  {
    using disk = openDisk(folder.path("top.qcow2"));
    assertSame(read(disk, 0, 2 ** 20), model, "before");
    for (const at of [0, 512 * 299, 2 ** 19 - 100, 2 ** 20 - 7]) {
      write(disk, at, pattern(7, at));
      model.set(pattern(7, at), at);
    }
    assertSame(read(disk, 0, 2 ** 20), model, "after");
  }
  assertSound(folder.path("top.qcow2"));
  assertSame(qemuRead(folder.path("top.qcow2")), model, "as QEMU reads it");
});

qemuTest("disk images: internal snapshots keep their contents", () => {
  using folder = temporaryFolder();
  const path = folder.path("disk.qcow2");
  qemuCreate(path, "1M");
  const then = pattern(2 ** 20, 1);
  {
    using disk = openDisk(path);
    write(disk, 0, then);
  }
  tool("qemu-img", ["snapshot", "-c", "then", path]);
  {
    using disk = openDisk(path);
    write(disk, 1000, pattern(200_000, 2));
    assertEquals(disk.discard(2 ** 19, 2 ** 19), 0);
    assertEquals(diskInfo(path).snapshots, 1);
  }
  assertSound(path);
  tool("qemu-img", ["snapshot", "-a", "then", path]);
  assertSame(qemuRead(path), then, "the snapshot");
});

qemuTest("disk images: grown, what is new is zeroes, whatever lay behind the old end", () => {
  using folder = temporaryFolder();
  const base = folder.path("base.raw");
  Deno.writeFileSync(base, pattern(2 ** 20, 1));
  const old = 10 * 512 + 2 ** 17;
  for (
    const options of [
      "cluster_size=512",
      "cluster_size=512,compat=0.10",
      "cluster_size=65536",
      "cluster_size=4096",
    ]
  ) {
    for (const backing of [[], ["-F", "raw", "-b", "base.raw"]]) {
      const path = folder.path("grows.qcow2");
      qemuCreate(path, old, ["-o", options, ...backing]);
      const model = new Uint8Array(3 * 2 ** 20);
      if (backing.length > 0) model.set(pattern(2 ** 20, 1).subarray(0, old));
      {
        using disk = openDisk(path);
        write(disk, old - 100, pattern(100, 2));
        model.set(pattern(100, 2), old - 100);
      }
      for (const size of [old + 512, model.length]) {
        growQcow2(path, size);
        using disk = openDisk(path);
        assertEquals(disk.size, size);
        assertSame(read(disk, 0, size), model.subarray(0, size), options);
      }
      {
        using disk = openDisk(path);
        write(disk, model.length - 5000, pattern(5000, 3));
        model.set(pattern(5000, 3), model.length - 5000);
      }
      assertSound(path);
      assertSame(qemuRead(path), model, options);
      assertThrows(() => growQcow2(path, 512), UserError, "cannot be made smaller");
      Deno.removeSync(path);
    }
  }
});

qemuTest("disk images: an L1 table of many clusters finds a place", () => {
  using folder = temporaryFolder();
  const path = folder.path("grows.qcow2");
  qemuCreate(path, 2 ** 20, ["-o", "cluster_size=512"]);
  {
    using disk = openDisk(path);
    write(disk, 0, pattern(2 ** 20, 1));
  }
  for (const size of [2 ** 24, 2 ** 28]) growQcow2(path, size);
  assertThrows(() => growQcow2(path, 2 ** 40), UserError, "cannot be made larger");
  {
    using disk = openDisk(path);
    assertSame(read(disk, 0, 2 ** 20), pattern(2 ** 20, 1), "what was there");
    write(disk, 2 ** 28 - 4096, pattern(4096, 2));
  }
  assertSound(path);
  tool("qemu-img", ["snapshot", "-c", "one", path]);
  growQcow2(path, 2 ** 28 + 2 ** 25);
  assertSound(path);
});

qemuTest("disk images: more changed L2 tables than the cache holds", () => {
  using folder = temporaryFolder();
  const path = folder.path("wide.qcow2");
  const reach = 2 ** 39; // of one L2 table with clusters of 2 MiB; the cache holds 16
  qemuCreate(path, 24 * reach, ["-o", "cluster_size=2M"]);
  {
    using disk = openDisk(path);
    for (let n = 0; n < 24; n++) write(disk, n * reach + n * 4096, pattern(4096, n + 1));
    for (let n = 0; n < 24; n++) {
      assertSame(read(disk, n * reach + n * 4096, 4096), pattern(4096, n + 1), `table ${n}`);
      write(disk, n * reach + 2 ** 30, pattern(512, n));
    }
  }
  assertSound(path);
  using disk = openDisk(path);
  for (let n = 0; n < 24; n++) {
    assertSame(read(disk, n * reach + n * 4096, 4096), pattern(4096, n + 1), `table ${n}`);
    assertSame(read(disk, n * reach + 2 ** 30, 512), pattern(512, n), `table ${n}, the second`);
  }
});
