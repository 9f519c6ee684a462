/** A process that writes and flushes until it is killed, and prints a byte for each write that was flushed. */
import { openDisk } from "../../../src/disk/open_disk.ts";
import { pattern, pieces } from "./rig.ts";

/** Bytes of a write. */
export const BLOCK = 3072;
const BLOCKS = Math.floor(8 * 2 ** 20 / BLOCK);

/** Which block the n-th write goes to. */
export function blockOf(n: number): number {
  return ((n * 2654435761) >>> 9) % Math.min(BLOCKS, 700);
}

/** What it writes there. */
export function contents(n: number): Uint8Array<ArrayBuffer> {
  return pattern(BLOCK, n + 1);
}

if (import.meta.main) {
  const disk = openDisk(Deno.args[0]!, { format: "qcow2" });
  for (let n = 0;; n++) {
    const errno = disk.write(blockOf(n) * BLOCK, pieces(contents(n))) || disk.flush();
    if (errno !== 0) throw new Error(`errno ${errno}`);
    Deno.stdout.writeSync(new Uint8Array(1));
  }
}
