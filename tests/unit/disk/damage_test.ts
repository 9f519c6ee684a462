/** Damaged images: a UserError at opening or errors at reading and writing, never anything worse. */
import fc from "fast-check";
import { assert, assertEquals } from "@std/assert";
import { UserError } from "../../../src/errors.ts";
import type { DiskImage } from "../../../src/disk/disk_image.ts";
import { createQcow2 } from "../../../src/disk/images.ts";
import { openDisk } from "../../../src/disk/open_disk.ts";
import { pattern, pieces, qemuTest, temporaryFolder, tool, write } from "./rig.ts";

const SIZE = 300 * 512;
const GUARD = 64;

/** Reads, writes and gives back everything. Whatever comes back is a number; no byte beside a buffer changes. */
function exercise(disk: DiskImage): void {
  const memory = new Uint8Array(GUARD + 4096 + GUARD).fill(0xee);
  const inside = memory.subarray(GUARD, GUARD + 4096);
  const step = Math.max(4096, Math.ceil(disk.size / 64 / 512) * 512); // a damaged size may be large
  const isErrno = (result: number) =>
    assert(Number.isInteger(result) && result >= 0 && result < 134, `${result}`);
  for (let at = 0; at + 4096 <= disk.size; at += step) isErrno(disk.read(at, pieces(inside)));
  for (let at = 0; at + 4096 <= disk.size; at += step * 3) {
    isErrno(disk.write(at + 100, pieces(inside.subarray(200))));
  }
  isErrno(disk.flush());
  isErrno(disk.discard(0, Math.min(disk.size, SIZE)));
  isErrno(disk.writeZeroes(0, Math.min(disk.size, 5000), true));
  isErrno(disk.flush());
  assert(memory.subarray(0, GUARD).every((byte) => byte === 0xee));
  assert(memory.subarray(GUARD + 4096).every((byte) => byte === 0xee));
}

function attempt(path: string, readOnly: boolean): void {
  try {
    using disk = openDisk(path, { format: "qcow2", readOnly, cache: "unsafe" });
    exercise(disk);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    assertEquals(error.field, "disks");
  }
}

/** Changes at the places that matter: the header, and 64-bit words of tables. */
function damage(valid: Uint8Array, clusters: number): fc.Arbitrary<Uint8Array> {
  const value = fc.constantFrom(0, 1, 2, 0x40, 0x7f, 0x80, 0xc0, 0xff);
  const inHeader = fc.record({ at: fc.nat(127), value });
  const inTables = fc.record({ at: fc.nat(Math.min(valid.length, clusters) - 1), value });
  return fc.record({
    changes: fc.array(fc.oneof(inHeader, inTables, inTables), { minLength: 1, maxLength: 16 }),
    length: fc.oneof(fc.constant(valid.length), fc.constant(valid.length), fc.nat(valid.length)),
  }).map(({ changes, length }) => {
    const bytes = valid.slice(0, length);
    for (const { at, value } of changes) if (at < bytes.length) bytes[at] = value;
    return bytes;
  });
}

function damageTest(valid: Uint8Array, tables: number, runs: number): void {
  using folder = temporaryFolder();
  const path = folder.path("damaged.qcow2");
  fc.assert(
    fc.property(damage(valid, tables), fc.boolean(), (bytes, readOnly) => {
      Deno.writeFileSync(path, bytes);
      attempt(path, readOnly);
      assert(Deno.statSync(path).size < 2 ** 31); // not stretched to wherever a table leads
    }),
    { numRuns: runs },
  );
}

Deno.test("disk damage: an image of our own with bytes changed or cut off", () => {
  using folder = temporaryFolder();
  const path = folder.path("valid.qcow2");
  createQcow2(path, { size: SIZE });
  {
    using disk = openDisk(path);
    write(disk, 0, pattern(SIZE, 1));
  }
  const valid = Deno.readFileSync(path);
  // Most of its tables' bytes are zeroes that nothing reads: the changes go to their beginnings.
  const dense = fc.constantFrom(0, 65536, 2 * 65536, 3 * 65536, 4 * 65536);
  fc.assert(
    fc.property(
      fc.array(fc.record({ table: dense, at: fc.nat(127), value: fc.nat(255) }), {
        minLength: 1,
        maxLength: 10,
      }),
      fc.boolean(),
      (changes, readOnly) => {
        const bytes = valid.slice();
        for (const { table, at, value } of changes) if (table + at < bytes.length) bytes[table + at] = value;
        Deno.writeFileSync(path, bytes);
        attempt(path, readOnly);
      },
    ),
    { numRuns: 300 },
  );
});

for (const type of ["zlib", "zstd"]) {
  qemuTest(`disk damage: QEMU's images with small clusters and ${type}, all over`, () => {
    using folder = temporaryFolder();
    const contents = pattern(SIZE, 2);
    contents.fill(9, 0, SIZE / 2);
    Deno.writeFileSync(folder.path("raw"), contents);
    const options = `cluster_size=4096,refcount_bits=8,compression_type=${type}`;
    const path = folder.path("valid.qcow2");
    tool("qemu-img", ["convert", "-c", "-O", "qcow2", "-f", "raw", "-o", options, folder.path("raw"), path]);
    tool("qemu-img", ["snapshot", "-c", "one", path]);
    const valid = Deno.readFileSync(path);
    damageTest(valid, valid.length, 400);
  });
}
