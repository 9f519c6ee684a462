/**
 * From an open file to a qcow2 disk: everything that can be wrong with the image is found here.
 *
 * @module
 */

import { UserError } from "../../errors.ts";
import type { DiskImage } from "../disk_image.ts";
import type { HostFile } from "../host_file.ts";
import { ClusterMap, misplacedEntry } from "./cluster_map.ts";
import { ENTRY, HEADER } from "./format.ts";
import { type Qcow2Header, readHeader } from "./header.ts";
import { Qcow2Disk } from "./qcow2_disk.ts";
import { Refcounts } from "./refcounts.ts";

/** What the image does not know by itself. */
export interface OpenQcow2Options {
  /** Opens the backing file that the image names, read-only. */
  openBacking(name: string, format: string | undefined): DiskImage;
  readonly flushWrites: boolean;
  readonly field: string;
}

/**
 * Opens the image in `file`, and takes the file over if that succeeds.
 *
 * @throws {UserError} as `readHeader` does; for an L1 or refcount table that leads out of the file; and, if it is to be
 * written to, for an image that says of itself that it is damaged or was not closed.
 */
export function openQcow2(file: HostFile, options: OpenQcow2Options): Qcow2Disk {
  const { field } = options;
  const header = readHeader(file, field);
  if (!file.readOnly) refuseWriting(header, file.path, field);
  const l1 = readTable(file, "L1 table", header.l1Offset, header.l1Entries * ENTRY, header, field);
  const refcounts = file.readOnly ? undefined : openRefcounts(file, header, field);
  if (header.autoclear && !file.readOnly) clearAutoclear(file, field);
  const backing = header.backing === undefined
    ? undefined
    : options.openBacking(header.backing, header.backingFormat);
  const map = new ClusterMap(file, header, l1, refcounts);
  return new Qcow2Disk({ file, header, map, refcounts, backing, flushWrites: options.flushWrites });
}

function refuseWriting(header: Qcow2Header, path: string, field: string): void {
  if (header.corrupt) {
    throw new UserError(`${path} is marked as corrupt and must not be written to`, {
      field,
      hint: "Open it read-only, or repair it with `qemu-img check -r all`.",
    });
  }
  if (header.dirty) {
    throw new UserError(`${path} was not closed, and its refcounts may be wrong`, {
      field,
      hint: "Repair it with `qemu-img check -r all`, or open it read-only.",
    });
  }
}

function openRefcounts(file: HostFile, header: Qcow2Header, field: string): Refcounts {
  const { refcountTableOffset, refcountTableClusters, clusterSize } = header;
  const bytes = refcountTableClusters * clusterSize;
  const table = readTable(file, "refcount table", refcountTableOffset, bytes, header, field);
  const view = new DataView(table.buffer);
  if (view.getUint32(0) === 0 && view.getUint32(4) === 0) {
    throw damaged(file, "its refcounts do not even count the header", field);
  }
  return new Refcounts(file, header, table);
}

function readTable(
  file: HostFile,
  name: string,
  offset: number,
  length: number,
  { clusterSize }: Qcow2Header,
  field: string,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  const errno = file.readBytes(offset, bytes);
  if (errno !== 0) throw damaged(file, `its ${name} cannot be read (errno ${errno})`, field);
  const misplaced = misplacedEntry(new DataView(bytes.buffer), clusterSize, file.size);
  if (misplaced !== undefined) {
    throw damaged(file, `${misplaced} in its ${name}, and the file ends at ${file.size}`, field);
  }
  return bytes;
}

/** Bitmaps and the like are not kept up here: the image must not claim that they are ("Header", bytes 88–95). */
function clearAutoclear(file: HostFile, field: string): void {
  const errno = file.writeBytes(HEADER.AUTOCLEAR, new Uint8Array(8)) || file.sync();
  if (errno !== 0) throw damaged(file, `its header cannot be written (errno ${errno})`, field);
}

function damaged(file: HostFile, why: string, field: string): UserError {
  return new UserError(`${file.path} is damaged: ${why}`, {
    field,
    hint: "Look at it with `qemu-img check`; what is left can be copied with `qemu-img convert`.",
  });
}
