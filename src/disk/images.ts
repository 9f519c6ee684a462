/**
 * Image files as such: making them, and looking at them.
 *
 * @module
 */

import { resolve } from "@std/path";
import { ERRNO, KernelError } from "../../ffi/errno.ts";
import { UserError } from "../errors.ts";
import { type DiskFormat, SECTOR } from "./disk_image.ts";
import { backingPath, openDisk, peek } from "./open_disk.ts";
import { writeNewQcow2 } from "./qcow2/create_qcow2.ts";
import { readHeader } from "./qcow2/header.ts";
import { Qcow2Disk } from "./qcow2/qcow2_disk.ts";

/** A new image. */
export interface CreateQcow2Options {
  /** Bytes; a multiple of 512. With a backing file it may be missing: then the backing file's. */
  readonly size?: number;
  /** The image that it is to be an overlay of: its path from here, and its format (default `auto`). */
  readonly backing?: { readonly path: string; readonly format?: DiskFormat | "auto" };
  /** The setting that asked for it, for errors; `disks` by default. */
  readonly field?: string;
}

/**
 * Makes a qcow2 image with 64 KiB clusters, for its owner alone (mode 0600). It names its backing file by absolute path.
 *
 * @throws {UserError} if the path exists, cannot be written, the size makes no sense, or the backing file is no usable
 * image; then nothing has been made.
 */
export function createQcow2(path: string, options: CreateQcow2Options): void {
  const { field = "disks" } = options;
  let size = options.size, backing: { path: string; format: DiskFormat } | undefined;
  if (options.backing !== undefined) {
    const { path: below, format } = options.backing;
    using base = openDisk(below, { readOnly: true, field, ...(format === undefined ? {} : { format }) });
    size ??= base.size;
    backing = { path: resolve(below), format: base.format };
  }
  if (size === undefined || !Number.isSafeInteger(size) || size <= 0 || size % SECTOR !== 0) {
    throw new UserError(`${path}: ${size} is no size of a disk: a multiple of ${SECTOR} bytes is`, { field });
  }
  writeNewQcow2(path, { size, backing, field });
}

/**
 * Makes a qcow2 image's virtual disk larger. What is on it (partitions, file systems) stays as it was.
 *
 * @throws {UserError} as `openDisk` does, also while a machine uses it; for a smaller size; if the host's disk is full.
 */
export function growQcow2(path: string, size: number, field = "disks"): void {
  using disk = openDisk(path, { format: "qcow2", field });
  const errno = disk instanceof Qcow2Disk ? disk.grow(size) : ERRNO.EINVAL;
  if (errno === 0) return;
  if (size < disk.size) {
    throw new UserError(`${path} has ${disk.size} bytes, and cannot be made smaller`, { field });
  }
  throw new UserError(`${path} cannot be made larger, to ${size} bytes`, {
    field,
    cause: new KernelError("grow", errno),
  });
}

/** What an image file is. */
export interface DiskInfo {
  /** By its first bytes, which a raw disk's guest may choose: for people, not for opening it. */
  readonly format: DiskFormat;
  /** Bytes that a guest sees. */
  readonly virtualSize: number;
  /** Bytes that the file takes on the host's disk. */
  readonly allocated: number;
  /** Bytes of a cluster; undefined for raw images. */
  readonly clusterSize: number | undefined;
  /** The backing file's path, from here. */
  readonly backing: string | undefined;
  readonly backingFormat: string | undefined;
  /** Internal snapshots. */
  readonly snapshots: number;
}

/** Looks at an image, also at one that is in use. Throws UserError as `openDisk` does. */
export function diskInfo(path: string, field = "disks"): DiskInfo {
  const { file, facts, qcow2 } = peek(path, field);
  using _file = file;
  const { allocated } = facts;
  if (!qcow2) {
    return {
      format: "raw",
      virtualSize: file.size,
      allocated,
      clusterSize: undefined,
      backing: undefined,
      backingFormat: undefined,
      snapshots: 0,
    };
  }
  const { size, clusterSize, backing, backingFormat, snapshots } = readHeader(file, field);
  return {
    format: "qcow2",
    virtualSize: size,
    allocated,
    clusterSize,
    backing: backing === undefined ? undefined : backingPath(path, backing, field),
    backingFormat,
    snapshots,
  };
}
