/**
 * Opening disk images: which format, and the chain of backing files.
 *
 * @module
 */

import { dirname, isAbsolute, join } from "@std/path";
import { UserError } from "../errors.ts";
import { type CacheMode, type DiskFormat, type DiskImage, SECTOR } from "./disk_image.ts";
import type { HostFile } from "./host_file.ts";
import { type OpenedFile, openHostFile } from "./open_file.ts";
import { hasMagic } from "./qcow2/header.ts";
import { openQcow2 } from "./qcow2/open_qcow2.ts";
import { RawDisk } from "./raw_disk.ts";

/** How to open a disk. */
export interface OpenDiskOptions {
  /**
   * `auto` (the default) goes by name and content together, and refuses where they disagree. What is inside a raw disk
   * is the guest's to choose: one that writes a qcow2 header into its first sector, naming a host's file as the backing
   * file, must not be taken for a qcow2 image at the next start. Its name it cannot choose. So: with the magic number
   * and a name that ends in `.qcow2` or `.qcow`, qcow2; with neither, raw; with one of the two, a UserError that asks
   * for the format.
   */
  readonly format?: DiskFormat | "auto";
  readonly readOnly?: boolean;
  /** `writeback` (the default): durable at a flush. */
  readonly cache?: CacheMode;
  /** The setting that named the image, for errors; `disks` by default. */
  readonly field?: string;
}

/** Backing files below each other: more is a mistake (QEMU's own depth is bounded by its stack). */
const CHAIN_MOST = 64;

/**
 * Opens a disk image, locked against other writers (or readers, where it is written to) as QEMU locks it.
 *
 * @throws {UserError} for a file that is missing, no image, in use, damaged, or of a kind that is not supported; then
 * nothing stays open.
 *
 * ```ts ignore
 * using disk = openDisk("debian.qcow2");
 * console.log(disk.size);
 * ```
 */
export function openDisk(path: string, options: OpenDiskOptions = {}): DiskImage {
  return openLink(path, { ...options, chain: [] });
}

interface LinkOptions extends OpenDiskOptions {
  /** Identities of the images above. */
  readonly chain: readonly string[];
}

function openLink(path: string, options: LinkOptions): DiskImage {
  const { readOnly = false, cache = "writeback", field = "disks", format = "auto" } = options;
  const { file, facts } = openHostFile(path, { readOnly, cache, field, above: options.chain });
  try {
    if (options.chain.length >= CHAIN_MOST) {
      throw new UserError(`${path}: more than ${CHAIN_MOST} backing files below each other`, { field });
    }
    if (formatOf(file, format, field) === "raw") return openRaw(file, field);
    const backing = (name: string, named: string | undefined) =>
      openLink(backingPath(path, name, field), {
        format: backingFormat(named, path, field),
        readOnly: true,
        cache,
        field,
        chain: [...options.chain, facts.identity],
      });
    return openQcow2(file, { openBacking: backing, flushWrites: cache === "writethrough", field });
  } catch (error) {
    file[Symbol.dispose]();
    throw error;
  }
}

function openRaw(file: HostFile, field: string): DiskImage {
  if (file.size === 0) throw new UserError(`${file.path} is empty`, { field });
  if (file.size % SECTOR !== 0) {
    throw new UserError(`${file.path} has ${file.size} bytes, which is no multiple of ${SECTOR}`, {
      field,
      hint: "A raw disk consists of whole sectors: `truncate -s %512` adds what is missing.",
    });
  }
  return new RawDisk(file);
}

/** What an image is to be opened as. Throws UserError; see {@link OpenDiskOptions.format}. */
function formatOf(file: HostFile, asked: DiskFormat | "auto", field: string): DiskFormat {
  if (asked !== "auto") return asked;
  const named = /\.qcow2?$/i.test(file.path), looks = looksLikeQcow2(file);
  if (named && !looks) {
    throw new UserError(`${file.path} is named as a qcow2 image, but does not begin with its magic number`, {
      field,
      hint: "Say `format=raw` if it is a raw disk.",
    });
  }
  if (looks && !named) {
    throw new UserError(`${file.path} begins as a qcow2 image does, but is not named as one`, {
      field,
      hint: "Say `format=qcow2` if you made it so, or `format=raw` if a guest may have written that.",
    });
  }
  return named ? "qcow2" : "raw";
}

/** True if the file's first bytes are qcow2's. */
export function looksLikeQcow2(file: HostFile): boolean {
  const start = new Uint8Array(4);
  return file.size >= start.length && file.readBytes(0, start) === 0 && hasMagic(start);
}

/** A backing file's path: what the image says, from the image's folder on. */
export function backingPath(image: string, name: string, field: string): string {
  const local = name.startsWith("file:") ? name.slice("file:".length) : name;
  // QEMU's block drivers have names such as json:, nbd:, http: (a colon before any slash).
  if (/^[^/]+:/.test(local)) {
    throw new UserError(`${image}: its backing file ${name} is no file, which is not supported`, { field });
  }
  return isAbsolute(local) ? local : join(dirname(image), local);
}

function backingFormat(named: string | undefined, image: string, field: string): DiskFormat | "auto" {
  if (named === undefined) return "auto";
  if (named === "raw" || named === "host_device" || named === "file") return "raw";
  if (named === "qcow2") return "qcow2";
  throw new UserError(`${image}: its backing file has the format ${named}, which is not supported`, {
    field,
  });
}

/** An image's header, read without locking it: others may use it. */
export function peek(path: string, field: string): OpenedFile & { readonly qcow2: boolean } {
  const opened = openHostFile(path, { readOnly: true, cache: "writeback", field, lock: false });
  return { ...opened, qcow2: looksLikeQcow2(opened.file) };
}
