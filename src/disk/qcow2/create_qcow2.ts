/**
 * New qcow2 images, empty or over a backing file.
 *
 * @module
 */

import { KernelError } from "../../../ffi/errno.ts";
import { O_CREAT, O_EXCL, O_RDWR, OwnedFd } from "../../../ffi/fd.ts";
import { unlink } from "../../../ffi/files.ts";
import { UserError } from "../../errors.ts";
import { HostFile } from "../host_file.ts";
import {
  BACKING_NAME_MAX,
  ENTRY,
  EXTENSION,
  HEADER,
  HEADER_BYTES,
  LIMIT,
  MAGIC,
  writeWord,
} from "./format.ts";
import { l1EntriesFor } from "./header.ts";
import { writeRefcount } from "./refcount_entry.ts";

/** What the image is to be. */
export interface NewQcow2 {
  /** Bytes; a multiple of 512. */
  readonly size: number;
  readonly backing?: { readonly path: string; readonly format: "raw" | "qcow2" } | undefined;
  /** The setting that named it, for errors. */
  readonly field: string;
}

const CLUSTER_BITS = 16;
const CLUSTER = 2 ** CLUSTER_BITS;
const REFCOUNT_ORDER = 4;
/** What a guest keeps on its disk is its owner's. */
const MODE = 0o600;
/** The order in the file: header, refcount table, one refcount block, L1. */
const PLACE = { REFCOUNT_TABLE: CLUSTER, REFCOUNT_BLOCK: 2 * CLUSTER, L1: 3 * CLUSTER } as const;

/**
 * Writes a new image of version 3 with 64 KiB clusters; durable when it returns.
 *
 * @throws {UserError} if there is something at that path already, or it cannot be written; then nothing is left of it.
 */
export function writeNewQcow2(path: string, image: NewQcow2): void {
  const { field, size } = image;
  const l1Bytes = l1EntriesFor(size, CLUSTER) * ENTRY;
  if (l1Bytes > LIMIT.L1_BYTES) {
    throw new UserError(`${path}: ${size} bytes are too many for qcow2`, { field });
  }
  const header = headerOf(path, image);
  let file: HostFile;
  try {
    const fd = OwnedFd.open(path, O_RDWR | O_CREAT | O_EXCL, MODE);
    file = new HostFile({ path, fd, direct: undefined, readOnly: false, blockDevice: false, durable: true });
  } catch (cause) {
    const why = cause instanceof KernelError ? cause.message : String(cause);
    throw new UserError(`cannot create ${path}: ${why}`, { field, cause });
  }
  const errno = write(file, header, l1Bytes);
  file[Symbol.dispose]();
  if (errno === 0) return;
  unlink(path);
  throw new UserError(`cannot create ${path}`, { field, cause: new KernelError(`write ${path}`, errno) });
}

function write(file: HostFile, header: Uint8Array<ArrayBuffer>, l1Bytes: number): number {
  const table = new Uint8Array(CLUSTER), block = new Uint8Array(CLUSTER);
  writeWord(new DataView(table.buffer), 0, PLACE.REFCOUNT_BLOCK);
  const used = (PLACE.L1 + l1Bytes) / CLUSTER; // at most 3 + 512: one block counts 32,768
  for (let i = 0; i < used; i++) writeRefcount(new DataView(block.buffer), REFCOUNT_ORDER, i, 1);
  return file.writeBytes(PLACE.REFCOUNT_TABLE, table) ||
    file.writeBytes(PLACE.REFCOUNT_BLOCK, block) ||
    file.writeBytes(PLACE.L1, new Uint8Array(Math.ceil(l1Bytes / CLUSTER) * CLUSTER)) ||
    file.sync() ||
    file.writeBytes(0, header) || // last: before that it is no image
    file.sync();
}

function headerOf(path: string, { size, backing, field }: NewQcow2): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(CLUSTER);
  const view = new DataView(bytes.buffer);
  view.setUint32(HEADER.MAGIC, MAGIC);
  view.setUint32(HEADER.VERSION, 3);
  view.setUint32(HEADER.CLUSTER_BITS, CLUSTER_BITS);
  writeWord(view, HEADER.SIZE, size);
  view.setUint32(HEADER.L1_SIZE, l1EntriesFor(size, CLUSTER));
  writeWord(view, HEADER.L1_OFFSET, PLACE.L1);
  writeWord(view, HEADER.REFCOUNT_TABLE_OFFSET, PLACE.REFCOUNT_TABLE);
  view.setUint32(HEADER.REFCOUNT_TABLE_CLUSTERS, 1);
  view.setUint32(HEADER.REFCOUNT_ORDER, REFCOUNT_ORDER);
  view.setUint32(HEADER.LENGTH, HEADER_BYTES.V3);
  if (backing === undefined) return bytes;
  const format = new TextEncoder().encode(backing.format), name = new TextEncoder().encode(backing.path);
  if (name.length > BACKING_NAME_MAX) {
    throw new UserError(`${path}: the backing file's path is longer than ${BACKING_NAME_MAX} bytes`, {
      field,
    });
  }
  view.setUint32(HEADER_BYTES.V3, EXTENSION.BACKING_FORMAT);
  view.setUint32(HEADER_BYTES.V3 + 4, format.length);
  bytes.set(format, HEADER_BYTES.V3 + 8);
  const end = HEADER_BYTES.V3 + 16; // formats have at most 8 bytes; there the list's end, which is zeroes
  bytes.set(name, end + 8);
  writeWord(view, HEADER.BACKING_OFFSET, end + 8);
  view.setUint32(HEADER.BACKING_LENGTH, name.length);
  return bytes;
}
