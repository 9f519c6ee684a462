/**
 * A disk's file: what is in it, and how it grows.
 *
 * @module
 */

import { O_RDWR, OwnedFd } from "../../ffi/fd.ts";
import { formatMemorySize } from "../config/memory_size.ts";
import { findTool, runTool } from "../debian/tool.ts";
import { lockImage } from "../disk/image_lock.ts";
import { HostError, UserError } from "../errors.ts";
import { explainFullDisk } from "./content_store.ts";
import { checkDiskSize } from "./disk_size.ts";
import { type FileSystem, readSuperblock } from "./superblock.ts";

/** What {@linkcode inspectDisk} finds. */
export interface DiskFacts {
  readonly path: string;
  readonly format: "raw" | "qcow2";
  /** Bytes that a guest sees; of a qcow2, of the file. */
  readonly size: number;
  /** Bytes that it takes on this host. */
  readonly allocated: number;
  /** The file system that begins at the disk's first sector, if it is ext2 to ext4. */
  readonly fileSystem?: FileSystem;
}

/** "QFI\xfb" (QEMU docs/interop/qcow2.rst, Header). */
const QCOW2_MAGIC = 0x514649fb;
/** st_blocks counts these (stat(2)). */
const STAT_BLOCK = 512;

/** Looks into a disk. Throws UserError if it cannot be read or is no file. */
export async function inspectDisk(path: string): Promise<DiskFacts> {
  using file = await openDisk(path, false);
  const { size, blocks } = await file.stat();
  const magic = new DataView(new ArrayBuffer(4));
  await file.read(new Uint8Array(magic.buffer));
  const fileSystem = await readSuperblock(file);
  return {
    path,
    format: magic.getUint32(0) === QCOW2_MAGIC ? "qcow2" : "raw",
    size,
    allocated: (blocks ?? 0) * STAT_BLOCK,
    ...(fileSystem === undefined ? {} : { fileSystem }),
  };
}

/** How far {@linkcode growDisk} came. */
export interface Growth {
  readonly before: number;
  /** Bytes. */
  readonly after: number;
  /** Whether the file system is as large as the disk; if not, the guest is to grow it. */
  readonly fileSystemGrown: boolean;
}

/**
 * Makes a raw disk larger, and the ext4 on it where the host has resize2fs: a guest that mounts it with
 * `x-systemd.growfs` needs no such tool.
 *
 * @throws {UserError} if the disk would shrink, is no raw one, or a machine has it locked.
 */
export async function growDisk(path: string, size: number): Promise<Growth> {
  const { size: before, format, fileSystem } = await inspectDisk(path);
  if (format !== "raw") throw new UserError(`${path} is a ${format} image, not a raw disk`);
  if (size < before) {
    throw new UserError(
      `${path} has ${formatMemorySize(before)}: shrinking it would cut off what is at its end`,
      {
        field: "size",
        hint: "Build a smaller image, and copy the files from inside a guest.",
      },
    );
  }
  checkDiskSize(size, 0);
  using file = await openDisk(path, true);
  using _held = holdDisk(path);
  try {
    await file.truncate(size);
  } catch (error) {
    throw explainFullDisk(error, path);
  }
  const grown = fileSystem === undefined || fileSystem.size === size ||
    await growFileSystem(path, fileSystem);
  return { before, after: size, fileSystemGrown: grown };
}

/**
 * Holds a disk for writing, as a machine that runs from it does, until it is disposed of.
 *
 * @throws {UserError} if a machine or another tool has it open.
 */
export function holdDisk(path: string): Disposable {
  using opened = new DisposableStack();
  const fd = opened.use(OwnedFd.open(path, O_RDWR));
  lockImage(fd.number, path, true, "image");
  return opened.move();
}

async function growFileSystem(path: string, { clean }: FileSystem): Promise<boolean> {
  const [resize, check] = [await findTool("resize2fs"), await findTool("e2fsck")];
  // A journal that has to be replayed is the guest's affair.
  if (resize === undefined || check === undefined || !clean) return false;
  // resize2fs insists on a check. Its code is a set of bits, of which 1 is "errors were mended" (e2fsck(8)).
  const checked = await runTool(check, ["-f", "-p", path]);
  if (checked.code > 1) return false;
  const { code, stderr } = await runTool(resize, [path]);
  if (code === 0) return true;
  const error = new HostError(`resize2fs failed: ${stderr.trim().split("\n").at(-1)}`);
  throw explainFullDisk(error, path);
}

async function openDisk(path: string, write: boolean): Promise<Deno.FsFile> {
  let file: Deno.FsFile;
  try {
    file = await Deno.open(path, { read: true, write });
  } catch (error) {
    const reason = error instanceof Deno.errors.NotFound
      ? "there is no such file"
      : error instanceof Deno.errors.IsADirectory
      ? "it is a directory"
      : error instanceof Deno.errors.PermissionDenied
      ? "no permission"
      : undefined;
    if (reason === undefined) throw error;
    throw new UserError(`cannot open the disk ${path}: ${reason}`, { cause: error });
  }
  if ((await file.stat()).isFile) return file;
  file.close();
  throw new UserError(`cannot open the disk ${path}: it is no file`);
}
