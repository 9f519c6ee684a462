/** A crash at any moment: what was flushed is there, and the image is sound. */
import fc from "fast-check";
import { assert, assertEquals } from "@std/assert";
import { ERRNO } from "../../../ffi/errno.ts";
import { O_RDWR, OwnedFd } from "../../../ffi/fd.ts";
import type { IoVector } from "../../../ffi/iovec.ts";
import { HostFile } from "../../../src/disk/host_file.ts";
import { createQcow2 } from "../../../src/disk/images.ts";
import { openDisk } from "../../../src/disk/open_disk.ts";
import type { Qcow2Disk } from "../../../src/disk/qcow2/qcow2_disk.ts";
import { openQcow2 } from "../../../src/disk/qcow2/open_qcow2.ts";
import {
  assertSame,
  assertSound,
  pattern,
  pieces,
  qemuCreate,
  qemuTest,
  read,
  temporaryFolder,
  tool,
  write,
} from "./rig.ts";

type Event = { offset: number; bytes: Uint8Array<ArrayBuffer> } | "barrier";

/** A file that remembers what reached it in which order, and can be full. */
class WatchedFile extends HostFile {
  readonly events: Event[] = [];
  full = false;

  constructor(path: string) {
    const fd = OwnedFd.open(path, O_RDWR);
    super({ path, fd, direct: undefined, readOnly: false, blockDevice: false, durable: true });
  }

  override write(offset: number, from: IoVector): number {
    if (this.full && offset + from.bytes > this.size) return ERRNO.ENOSPC;
    const bytes = new Uint8Array(from.bytes);
    from.copyTo(0, bytes);
    this.events.push({ offset, bytes });
    return super.write(offset, from);
  }

  override writeBytes(offset: number, bytes: Uint8Array<ArrayBuffer>): number {
    if (this.full && offset + bytes.length > this.size) return ERRNO.ENOSPC;
    this.events.push({ offset, bytes: bytes.slice() });
    return super.writeBytes(offset, bytes);
  }

  override sync(): number {
    this.events.push("barrier");
    return super.sync();
  }

  override punch(offset: number, length: number): number {
    this.events.push({ offset, bytes: new Uint8Array(length) });
    return super.punch(offset, length);
  }
}

function openWatched(path: string): { disk: Qcow2Disk; file: WatchedFile } {
  const file = new WatchedFile(path);
  const openBacking = () => {
    throw new Error("no backing file here");
  };
  return { disk: openQcow2(file, { openBacking, flushWrites: false, field: "disks" }), file };
}

/** The file after a power failure: all before the last barrier is there, of the rest what `lost` leaves. */
function afterFailure(
  before: Uint8Array,
  events: readonly Event[],
  lost: (index: number) => boolean,
): Uint8Array {
  const barrier = events.lastIndexOf("barrier");
  let bytes = before.slice();
  events.forEach((event, index) => {
    if (event === "barrier" || (index > barrier && lost(index))) return;
    const end = event.offset + event.bytes.length;
    if (end > bytes.length) {
      const larger = new Uint8Array(end);
      larger.set(bytes);
      bytes = larger;
    }
    bytes.set(event.bytes, event.offset);
  });
  return bytes;
}

const SIZE = 256 * 1024;
const BLOCK = 2048;

const requests = fc.array(
  fc.record({
    kind: fc.constantFrom("write", "write", "write", "discard", "zero", "flush"),
    at: fc.nat(SIZE / BLOCK - 1),
    blocks: fc.integer({ min: 1, max: 12 }),
    seed: fc.integer({ min: 1, max: 1e6 }),
  }),
  { minLength: 5, maxLength: 40 },
);

qemuTest(
  "disk crash: power fails between barriers, and writes since the last one arrive in any order or not",
  () => {
    using folder = temporaryFolder();
    let count = 0;
    fc.assert(
      fc.property(
        requests,
        fc.constantFrom("cluster_size=512,refcount_bits=64", "cluster_size=512", "cluster_size=4096"),
        fc.boolean(),
        fc.array(fc.record({ when: fc.double({ min: 0, max: 1, noNaN: true }), seed: fc.integer() }), {
          minLength: 4,
          maxLength: 4,
        }),
        (todo, options, snapshot, failures) => {
          const path = folder.path(`${count++}.qcow2`);
          qemuCreate(path, SIZE, ["-o", options]);
          const model = new Uint8Array(SIZE);
          if (snapshot) { // clusters that must be copied, and an L2 table
            using disk = openDisk(path);
            model.set(pattern(SIZE / 2, 99));
            write(disk, 0, pattern(SIZE / 2, 99));
          }
          if (snapshot) tool("qemu-img", ["snapshot", "-c", "one", path]);
          const before = Deno.readFileSync(path);
          // What a flush promised: the contents then, by the number of events then.
          const promises = [{ events: 0, bytes: model.slice(), touched: new Uint8Array(SIZE) }];
          const { disk, file } = openWatched(path);
          const touch = (at: number, length: number) => promises.at(-1)!.touched.fill(1, at, at + length);
          for (const { kind, at, blocks, seed } of todo) {
            const offset = at * BLOCK, length = Math.min(blocks * BLOCK, SIZE - offset);
            if (kind === "flush") {
              assertEquals(disk.flush(), 0);
              promises.push({
                events: file.events.length,
                bytes: read(disk, 0, SIZE),
                touched: new Uint8Array(SIZE),
              });
              continue;
            }
            touch(offset, length);
            if (kind === "write") write(disk, offset, pattern(length, seed));
            else if (kind === "zero") assertEquals(disk.writeZeroes(offset, length, seed % 2 === 0), 0);
            else assertEquals(disk.discard(offset, length), 0);
          }
          disk[Symbol.dispose]();
          for (const { when, seed } of failures) {
            const crashed = folder.path("crashed.qcow2");
            const reached = Math.floor(when * file.events.length);
            const events = file.events.slice(0, reached);
            Deno.writeFileSync(
              crashed,
              afterFailure(before, events, (i) => ((i * 2654435761 ^ seed) >>> 7) % 2 === 0),
            );
            assertSound(crashed, true);
            const last = promises.findLastIndex((promise) => promise.events <= reached);
            using survivor = openDisk(crashed);
            const now = read(survivor, 0, SIZE), { bytes, touched } = promises[last]!;
            for (let i = 0; i < SIZE; i++) {
              assert(touched[i] !== 0 || now[i] === bytes[i], `byte ${i} was flushed and is lost`);
            }
          }
          Deno.removeSync(path);
        },
      ),
      { numRuns: 60 },
    );
  },
);

qemuTest("disk crash: power fails while the refcount table moves to a larger place", () => {
  using folder = temporaryFolder();
  const path = folder.path("grows.qcow2"), size = 4 * 2 ** 20;
  qemuCreate(path, size, ["-o", "cluster_size=512,refcount_bits=64"]); // its table counts 2 MiB
  const before = Deno.readFileSync(path);
  const { disk, file } = openWatched(path);
  const contents = pattern(size, 5);
  for (let at = 0; at < size; at += 65536) {
    write(disk, at, contents.subarray(at, at + 65536));
    if (at % 2 ** 19 === 0) assertEquals(disk.flush(), 0);
  }
  disk[Symbol.dispose]();
  assertSound(path);
  {
    using again = openDisk(path);
    assertSame(read(again, 0, size), contents, "the whole disk");
  }
  const moves = file.events.flatMap((event, index) =>
    event !== "barrier" && event.offset === 48 ? [index] : []
  );
  assert(moves.length > 0, "the table has moved");
  for (const move of moves) {
    for (let reached = move - 3; reached < move + 5; reached++) {
      for (const kept of [0, 1, 2]) {
        const crashed = folder.path("crashed.qcow2");
        // Of the last writes nothing, or every other one.
        const lost = (index: number) => kept === 2 || index % 2 === kept;
        Deno.writeFileSync(crashed, afterFailure(before, file.events.slice(0, reached), lost));
        assertSound(crashed, true);
      }
    }
  }
});

qemuTest("disk crash: power fails while the disk and its L1 table grow", () => {
  using folder = temporaryFolder();
  const path = folder.path("grows.qcow2"), size = 2 ** 18;
  qemuCreate(path, size, ["-o", "cluster_size=512"]);
  const contents = pattern(size, 5);
  {
    using disk = openDisk(path);
    write(disk, 0, contents);
  }
  const before = Deno.readFileSync(path);
  const { disk, file } = openWatched(path);
  assertEquals(disk.grow(2 ** 24), 0);
  write(disk, 2 ** 24 - 512, pattern(512, 6));
  disk[Symbol.dispose]();
  for (let reached = 0; reached <= file.events.length; reached++) {
    for (const kept of [0, 1, 2]) {
      const crashed = folder.path("crashed.qcow2");
      const lost = (index: number) => kept === 2 || index % 2 === kept;
      Deno.writeFileSync(crashed, afterFailure(before, file.events.slice(0, reached), lost));
      assertSound(crashed, true);
      using survivor = openDisk(crashed);
      assertSame(read(survivor, 0, size), contents, "what was there");
    }
  }
});

Deno.test("disk: a transfer within a cluster of its own is one call", () => {
  using folder = temporaryFolder();
  const path = folder.path("disk.qcow2");
  createQcow2(path, { size: SIZE });
  const { disk, file } = openWatched(path);
  write(disk, 0, pattern(SIZE, 1));
  assertEquals(disk.flush(), 0);
  for (const [at, length] of [[4096, 4096], [0, SIZE], [70_000, 512]] as const) {
    const before = file.events.length;
    write(disk, at, pattern(length, 2));
    assertEquals(file.events.length, before + 1);
  }
  const before = file.events.length;
  assertEquals(disk.flush(), 0);
  assertEquals(file.events.slice(before), ["barrier"]);
  disk[Symbol.dispose]();
});

qemuTest("disk crash: a full host disk fails requests, loses nothing that was there, and recovers", () => {
  using folder = temporaryFolder();
  const path = folder.path("full.qcow2");
  qemuCreate(path, SIZE, ["-o", "cluster_size=4096"]);
  const { disk, file } = openWatched(path);
  write(disk, 0, pattern(8192, 1));
  assertEquals(disk.flush(), 0);
  file.full = true;
  assertEquals(disk.write(65536, pieces(pattern(8192, 2))), ERRNO.ENOSPC);
  assertEquals(disk.write(65536, pieces(pattern(100, 2))), ERRNO.ENOSPC);
  assertSame(read(disk, 0, 8192), pattern(8192, 1), "what was there");
  assertSame(read(disk, 65536, 8192), new Uint8Array(8192), "what failed");
  write(disk, 0, pattern(4096, 3)); // in place: needs no room
  file.full = false;
  write(disk, 65536, pattern(8192, 2));
  assertEquals(disk.flush(), 0);
  disk[Symbol.dispose]();
  assertSound(path);
  using again = openDisk(path);
  assertSame(read(again, 65536, 8192), pattern(8192, 2), "what was tried again");
});

/** The child's n-th write: see `kill_child.ts`. */
const KILLED = new URL("./kill_child.ts", import.meta.url).pathname;

qemuTest("disk crash: a killed process leaves what it flushed, and a sound image", async () => {
  const { blockOf, BLOCK, contents } = await import("./kill_child.ts");
  using folder = temporaryFolder();
  for (let round = 0; round < 6; round++) {
    const path = folder.path(`${round}.qcow2`);
    qemuCreate(path, "8M", ["-o", `cluster_size=${round % 2 === 0 ? 65536 : 512}`]);
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", KILLED, path],
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const wanted = 20 + round * 37 + Math.floor(Math.random() * 60);
    let acknowledged = 0, killed = false;
    for await (const chunk of child.stdout) { // a byte for each flushed write
      acknowledged += chunk.length;
      if (acknowledged < wanted || killed) continue;
      killed = true;
      child.kill("SIGKILL");
    }
    await child.status;
    assertSound(path, true);
    using disk = openDisk(path);
    const last = new Map<number, number>();
    for (let n = 0; n < acknowledged; n++) last.set(blockOf(n), n);
    last.delete(blockOf(acknowledged)); // on its way when the process died
    for (const [block, n] of last) {
      assertSame(read(disk, block * BLOCK, BLOCK), contents(n), `write ${n} of ${acknowledged}`);
    }
  }
});
