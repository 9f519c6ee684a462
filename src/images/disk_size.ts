/**
 * Sizes of disks, as users give them.
 *
 * @module
 */

import { formatMemorySize } from "../config/memory_size.ts";
import { UserError } from "../errors.ts";

/** A file system's block, which is a multiple of every disk's sector. */
const GRAIN = 4096;
/** ext4's largest file with 4 KiB blocks (ext4(5)): the disk must lie on a host's file system, too. */
const LARGEST = 16 * 2 ** 40 - GRAIN;

/**
 * Throws UserError unless a disk can have that size.
 *
 * @param size Bytes. @param smallest Bytes that what goes on it needs at least.
 */
export function checkDiskSize(size: number, smallest: number): void {
  const wrong = size < smallest
    ? `too small: at least ${formatMemorySize(smallest)}`
    : size > LARGEST
    ? "too large: at most 16 TiB"
    : size % GRAIN !== 0
    ? "no multiple of 4 KiB"
    : undefined;
  if (wrong === undefined) return;
  throw new UserError(`size: ${formatMemorySize(size)} is ${wrong}`, {
    field: "size",
    hint: 'Write a number and a unit, for example "4G". Space that is not used costs nothing.',
  });
}
