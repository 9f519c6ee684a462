/**
 * Packing and unpacking of whole byte arrays: gzip for an initramfs, and the forms in which distributions
 * store kernel modules.
 *
 * @module
 */

import { zstdDecompressSync } from "node:zlib";
import { HostError } from "../errors.ts";

/** Compresses by gzip, which every Linux kernel configuration in use can unpack as an initramfs. */
export async function gzip(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return await collect(new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip")));
}

/**
 * Unpacks what a file's name says that it is packed with: `.xz`, `.zst` or `.gz`; other names pass unchanged.
 *
 * The runtime has no xz decoder: `.xz` goes through the `xz` program, or failing that through a busybox, whose
 * decoder knows plain LZMA2, as modules are packed, but not the x86 filter that kernel images use.
 *
 * @param busybox Path of a busybox to try when there is no `xz`.
 * @throws {HostError} if no program here can unpack it, or the data are damaged.
 */
export async function unpack(
  name: string,
  bytes: Uint8Array<ArrayBuffer>,
  busybox?: string,
): Promise<Uint8Array<ArrayBuffer>> {
  if (name.endsWith(".gz")) {
    return await collect(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip")));
  }
  if (name.endsWith(".zst")) return new Uint8Array(zstdDecompressSync(bytes));
  if (name.endsWith(".xz")) return await unpackXz(name, bytes, busybox);
  return bytes;
}

async function unpackXz(name: string, bytes: Uint8Array<ArrayBuffer>, busybox?: string) {
  const commands: [string, ...string[]][] = [["xz", "-dc"]];
  if (busybox !== undefined) commands.push([busybox, "xzcat"]);
  for (const [program, ...args] of commands) {
    const unpacked = await filter(program, args, bytes);
    if (unpacked === "missing") continue;
    if (unpacked === "failed") throw new HostError(`${name}: ${program} says that the data are damaged`);
    return unpacked;
  }
  throw new HostError(`${name} is packed by xz, and this host has no xz program`, {
    hint: "Install the package xz-utils (Debian, Ubuntu) or xz.",
  });
}

/** Feeds bytes to a program and gives back what it prints. */
async function filter(
  program: string,
  args: readonly string[],
  input: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer> | "missing" | "failed"> {
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command(program, { args: [...args], stdin: "piped", stdout: "piped", stderr: "null" })
      .spawn();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "missing";
    throw error;
  }
  // A program that gives up early closes its end; its exit code tells, so the broken pipe need not.
  const fed = new Blob([input]).stream().pipeTo(child.stdin).catch(() => {});
  const { code, stdout } = await child.output();
  await fed;
  return code === 0 ? stdout as Uint8Array<ArrayBuffer> : "failed";
}

async function collect(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
