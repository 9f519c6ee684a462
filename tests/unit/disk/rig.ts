/** Image files in a folder of their own, QEMU's tools beside ours, and a guest's buffers. */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { addressOf, IoVector } from "../../../ffi/iovec.ts";
import type { DiskImage } from "../../../src/disk/disk_image.ts";

/** A folder that goes with its test. */
export function temporaryFolder(): { path(name: string): string } & Disposable {
  const folder = Deno.makeTempDirSync({ prefix: "denovisor-disk-" });
  return {
    path: (name) => join(folder, name),
    [Symbol.dispose]: () => Deno.removeSync(folder, { recursive: true }),
  };
}

/** Runs a tool; its output. Throws when it fails, unless `code` says how it may. */
export function tool(name: string, args: readonly string[], code = 0): string {
  const done = new Deno.Command(name, { args: [...args] }).outputSync();
  const text = new TextDecoder().decode(done.stdout) + new TextDecoder().decode(done.stderr);
  assertEquals(done.code, code, `${name} ${args.join(" ")}: ${text}`);
  return text;
}

function installed(name: string): boolean {
  try {
    return new Deno.Command(name, { args: ["--version"], stdout: "null", stderr: "null" }).outputSync()
      .success;
  } catch {
    return false;
  }
}

const HAS_QEMU = installed("qemu-img") && installed("qemu-io");

/** A test that needs `qemu-img` and `qemu-io`. */
export function qemuTest(name: string, fn: () => void | Promise<void>): void {
  const note = HAS_QEMU ? "" : " (ignored: no qemu-img or qemu-io; install qemu-utils)";
  Deno.test({ name: name + note, ignore: !HAS_QEMU, fn });
}

/** Makes an image with qemu-img. */
export function qemuCreate(path: string, size: number | string, options: readonly string[] = []): void {
  tool("qemu-img", ["create", "-q", "-f", "qcow2", ...options, path, ...(size === "" ? [] : [`${size}`])]);
}

/** qemu-img finds neither corruption nor (unless allowed) leaks. */
export function assertSound(path: string, leaks = false): void {
  const done = new Deno.Command("qemu-img", { args: ["check", "-f", "qcow2", path] }).outputSync();
  const text = new TextDecoder().decode(done.stdout) + new TextDecoder().decode(done.stderr);
  assert(done.code === 0 || (leaks && done.code === 3), `qemu-img check: ${done.code}: ${text}`);
}

/** The guest's bytes of an image, as QEMU reads them. */
export function qemuRead(path: string): Uint8Array {
  const raw = `${path}.as-raw`;
  try {
    tool("qemu-img", ["convert", "-f", "qcow2", "-O", "raw", path, raw]);
    return Deno.readFileSync(raw);
  } finally {
    try {
      Deno.removeSync(raw);
    } catch { /* convert failed before it made it */ }
  }
}

/** Reads through a table of uneven pieces. */
export function read(disk: DiskImage, offset: number, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length).fill(0xee); // what is not filled shows
  assertEquals(disk.read(offset, pieces(bytes)), 0, `read ${length} at ${offset}`);
  return bytes;
}

/** Writes through one. */
export function write(disk: DiskImage, offset: number, bytes: Uint8Array<ArrayBuffer>): void {
  assertEquals(disk.write(offset, pieces(bytes)), 0, `write ${bytes.length} at ${offset}`);
}

/** A table that keeps the memory that its pieces are in. */
class KeepingVector extends IoVector {
  constructor(readonly memory: Uint8Array<ArrayBuffer>) {
    super(64);
  }
}

/** A table of uneven pieces over `bytes`. */
export function pieces(bytes: Uint8Array<ArrayBuffer>): IoVector {
  const table = new KeepingVector(bytes);
  const address = bytes.length === 0 ? 0 : addressOf(bytes);
  const step = Math.max(1, Math.ceil(bytes.length / 7));
  for (let at = 0; at < bytes.length; at += step) {
    assert(table.add(address + at, Math.min(step, bytes.length - at)));
  }
  return table;
}

/** Bytes that tell where and when they were written. */
export function pattern(length: number, seed: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let state = (seed * 2654435761) >>> 0 || 1;
  for (let i = 0; i < length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[i] = state;
  }
  return bytes;
}

/** Compares large arrays quickly, and names the first difference. */
export function assertSame(actual: Uint8Array, expected: Uint8Array, what: string): void {
  assertEquals(actual.length, expected.length, what);
  for (let i = 0; i < actual.length; i++) {
    if (actual[i] !== expected[i]) {
      throw new Error(`${what}: byte ${i} is ${actual[i]}, and should be ${expected[i]}`);
    }
  }
}
