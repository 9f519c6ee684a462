/**
 * Raw images: the guest's bytes are the file's.
 *
 * @module
 */

import { ERRNO } from "../../ffi/errno.ts";
import type { IoVector } from "../../ffi/iovec.ts";
import { type DiskImage, SECTOR } from "./disk_image.ts";
import type { HostFile } from "./host_file.ts";

/** A disk over a file or block device. One system call for each transfer. */
export class RawDisk implements DiskImage {
  readonly format = "raw";
  readonly path: string;
  readonly readOnly: boolean;
  readonly #file: HostFile;
  #size: number;

  /** Takes over `file`. */
  constructor(file: HostFile) {
    this.#file = file;
    this.path = file.path;
    this.readOnly = file.readOnly;
    this.#size = wholeSectors(file.size);
  }

  get size(): number {
    return this.#size;
  }

  read(offset: number, into: IoVector): number {
    if (!(offset >= 0 && offset + into.bytes <= this.#size)) return ERRNO.EINVAL;
    return into.bytes === 0 ? 0 : this.#file.read(offset, into);
  }

  write(offset: number, from: IoVector): number {
    if (this.readOnly) return ERRNO.EROFS;
    if (!(offset >= 0 && offset + from.bytes <= this.#size)) return ERRNO.EINVAL;
    return from.bytes === 0 ? 0 : this.#file.write(offset, from);
  }

  flush(): number {
    return this.readOnly ? 0 : this.#file.sync();
  }

  discard(offset: number, length: number): number {
    if (this.readOnly) return ERRNO.EROFS;
    if (!(offset >= 0 && length >= 0 && offset + length <= this.#size)) return ERRNO.EINVAL;
    if (length > 0) this.#file.punch(offset, length); // a hint: a host that cannot is no error
    return 0;
  }

  writeZeroes(offset: number, length: number, unmap: boolean): number {
    if (this.readOnly) return ERRNO.EROFS;
    if (!(offset >= 0 && length >= 0 && offset + length <= this.#size)) return ERRNO.EINVAL;
    return length === 0 ? 0 : this.#file.zero(offset, length, unmap);
  }

  refreshSize(): number {
    const errno = this.#file.refreshSize();
    if (errno === 0) this.#size = wholeSectors(this.#file.size);
    return errno;
  }

  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }
}

/** A file that somebody truncates in the middle of a sector loses that sector. */
function wholeSectors(size: number): number {
  return size - size % SECTOR;
}
