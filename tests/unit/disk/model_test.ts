/** Random requests against a plain array of bytes: raw, and qcow2 of every shape. */
import fc from "fast-check";
import { assertEquals } from "@std/assert";
import type { DiskImage } from "../../../src/disk/disk_image.ts";
import { createQcow2 } from "../../../src/disk/images.ts";
import { openDisk, type OpenDiskOptions } from "../../../src/disk/open_disk.ts";
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

type Step =
  | { kind: "read" | "write" | "discard" | "zero" | "unmap"; at: number; length: number; seed: number }
  | { kind: "flush" | "reopen" | "snapshot" };

/** Steps over a disk of that size: short and long ranges, on sectors and off them. */
function steps(size: number): fc.Arbitrary<Step[]> {
  const range = fc.record({
    kind: fc.constantFrom("read", "write", "write", "write", "discard", "zero", "unmap"),
    at: fc.oneof(fc.nat(size - 1), fc.nat(size / 512 - 1).map((n) => n * 512)),
    length: fc.oneof(fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 1, max: size })),
    seed: fc.integer({ min: 1, max: 1e6 }),
  }).map((step) => ({ ...step, length: Math.min(step.length, size - step.at) }) as Step);
  const other = fc.constantFrom<Step>({ kind: "flush" }, { kind: "reopen" });
  return fc.array(fc.oneof({ weight: 8, arbitrary: range }, { weight: 1, arbitrary: other }), {
    minLength: 1,
    maxLength: 30,
  });
}

/** What the disk may hold after a discard: the old bytes or zeroes, and for a backing file's sake nothing else. */
function settleDiscard(disk: DiskImage, model: Uint8Array, at: number, length: number): void {
  const now = read(disk, at, length);
  for (let i = 0; i < length; i++) {
    if (now[i] !== 0) assertEquals(now[i], model[at + i], `discard: byte ${at + i}`);
  }
  model.set(now, at);
}

function run(path: string, options: OpenDiskOptions, model: Uint8Array, todo: readonly Step[]): void {
  let disk = openDisk(path, options);
  try {
    for (const step of todo) {
      switch (step.kind) {
        case "flush":
          assertEquals(disk.flush(), 0);
          break;
        case "snapshot":
        case "reopen":
          disk[Symbol.dispose]();
          if (step.kind === "snapshot") tool("qemu-img", ["snapshot", "-c", `s${performance.now()}`, path]);
          disk = openDisk(path, options);
          break;
        case "read":
          assertSame(
            read(disk, step.at, step.length),
            model.subarray(step.at, step.at + step.length),
            "read",
          );
          break;
        case "write": {
          const bytes = pattern(step.length, step.seed);
          write(disk, step.at, bytes);
          model.set(bytes, step.at);
          break;
        }
        case "discard":
          assertEquals(disk.discard(step.at, step.length), 0);
          settleDiscard(disk, model, step.at, step.length);
          break;
        default:
          assertEquals(disk.writeZeroes(step.at, step.length, step.kind === "unmap"), 0);
          model.fill(0, step.at, step.at + step.length);
      }
    }
    assertSame(read(disk, 0, disk.size), model, "the whole disk");
  } finally {
    disk[Symbol.dispose]();
  }
}

const SIZE = 150 * 512 + 96 * 1024; // no multiple of most clusters

Deno.test("disk model: raw", () => {
  using folder = temporaryFolder();
  let count = 0;
  fc.assert(
    fc.property(steps(SIZE), fc.constantFrom("writeback", "unsafe", "writethrough"), (todo, cache) => {
      const path = folder.path(`${count++}.raw`);
      const model = pattern(SIZE, 7);
      Deno.writeFileSync(path, model);
      run(path, { cache }, model, todo);
      assertSame(Deno.readFileSync(path), model, "the file");
    }),
    { numRuns: 60 },
  );
});

Deno.test("disk model: qcow2 of our own making, alone and over a raw file", () => {
  using folder = temporaryFolder();
  let count = 0;
  Deno.writeFileSync(folder.path("base.raw"), pattern(70 * 512, 9));
  fc.assert(
    fc.property(steps(SIZE), fc.boolean(), (todo, overlay) => {
      const path = folder.path(`${count++}.qcow2`);
      const model = new Uint8Array(SIZE);
      if (overlay) model.set(pattern(70 * 512, 9));
      createQcow2(path, { size: SIZE, ...(overlay ? { backing: { path: folder.path("base.raw") } } : {}) });
      run(path, {}, model, todo);
    }),
    { numRuns: 60 },
  );
});

const shapes = fc.record({
  clusterBits: fc.constantFrom(9, 9, 10, 12, 16, 17),
  refcountBits: fc.constantFrom(1, 2, 4, 8, 16, 16, 32, 64),
  version: fc.constantFrom("0.10", "1.1", "1.1"),
  backing: fc.constantFrom("none", "raw", "qcow2", "compressed"),
  cache: fc.constantFrom("writeback", "writeback", "writethrough", "unsafe"),
}) as fc.Arbitrary<
  & { clusterBits: number; refcountBits: number; version: string; backing: string }
  & Pick<OpenDiskOptions, "cache">
>;

qemuTest("disk model: qcow2 of every shape stays sound, and QEMU reads the same", () => {
  using folder = temporaryFolder();
  const base = pattern(100 * 512, 3);
  base.fill(0, 20_000, 40_000);
  Deno.writeFileSync(folder.path("base.raw"), base);
  tool("qemu-img", ["convert", "-O", "qcow2", folder.path("base.raw"), folder.path("base.qcow2")]);
  let count = 0;
  fc.assert(
    fc.property(steps(SIZE), shapes, fc.nat(30), (todo, shape, snapshotAt) => {
      const path = folder.path(`${count++}.qcow2`);
      const v2 = shape.version === "0.10";
      const refcountBits = v2 ? 16 : shape.refcountBits;
      const options = `cluster_size=${
        2 ** shape.clusterBits
      },refcount_bits=${refcountBits},compat=${shape.version}`;
      const model = new Uint8Array(SIZE);
      if (shape.backing === "compressed") {
        const raw = folder.path("whole.raw");
        model.set(base);
        Deno.writeFileSync(raw, model);
        tool("qemu-img", ["convert", "-c", "-O", "qcow2", "-o", options, raw, path]);
      } else if (shape.backing === "none") {
        qemuCreate(path, SIZE, ["-o", options]);
      } else {
        model.set(base);
        qemuCreate(path, SIZE, ["-o", options, "-F", shape.backing, "-b", `base.${shape.backing}`]);
      }
      const shared = [...todo];
      // Compressed clusters share a place, and with the snapshot's references 2 bits do not count them.
      if (refcountBits >= (shape.backing === "compressed" ? 16 : 2)) {
        shared.splice(snapshotAt, 0, { kind: "snapshot" });
      }
      run(path, { cache: shape.cache ?? "writeback" }, model, shared);
      assertSound(path);
      assertSame(qemuRead(path), model, "as QEMU reads it");
      Deno.removeSync(path);
    }),
    { numRuns: 100 },
  );
});
