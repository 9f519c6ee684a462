/**
 * The host's file or block device under an image: whole transfers, counted in errno numbers.
 *
 * @module
 */

import { ERRNO, KernelError } from "../../ffi/errno.ts";
import { fileFacts, type FileIo, fileIo } from "../../ffi/file_io.ts";
import type { OwnedFd } from "../../ffi/fd.ts";
import { addressOf, IoVector } from "../../ffi/iovec.ts";
import { check, type Libc, libc } from "../../ffi/libc.ts";
import { BLKGETSIZE64, FALLOC_FL, UIO_MAXIOV } from "../../ffi/uapi/file.ts";
import { unlockImage } from "./image_lock.ts";

/** What {@link HostFile} is made of. */
export interface HostFileParts {
  readonly path: string;
  readonly fd: OwnedFd;
  /** The same file opened with O_DIRECT, for transfers that are aligned. */
  readonly direct: OwnedFd | undefined;
  readonly readOnly: boolean;
  readonly blockDevice: boolean;
  /** False: nothing is made durable (cache mode `unsafe`). */
  readonly durable: boolean;
}

/** Bytes to which transfers past the page cache are aligned: no device's logical block is larger than a page. */
const DIRECT_ALIGNMENT = 4096;
/** Bytes of one run of zeroes, which is written again and again where the host cannot zero by itself. */
const ZEROES = 65536;

/**
 * An open file. Transfers are whole or fail: short ones are continued, EINTR is tried again, and what a file ends before
 * reads as zeroes, as in a hole.
 */
export class HostFile implements Disposable {
  readonly path: string;
  readonly readOnly: boolean;
  readonly blockDevice: boolean;
  readonly #libc: Libc = libc();
  readonly #io: FileIo = fileIo();
  readonly #parts: HostFileParts;
  readonly #rest = new IoVector(16);
  #zeroes: Uint8Array<ArrayBuffer> | undefined;
  #size = 0;

  /** Takes over the descriptors. Throws KernelError if the size cannot be known. */
  constructor(parts: HostFileParts) {
    this.#parts = parts;
    this.path = parts.path;
    this.readOnly = parts.readOnly;
    this.blockDevice = parts.blockDevice;
    const errno = this.refreshSize();
    if (errno !== 0) throw new KernelError(`size of ${parts.path}`, errno);
  }

  /** Bytes: up to where it has been written, or all of a device. */
  get size(): number {
    return this.#size;
  }

  /** Asks the kernel for the size. An errno, or 0. */
  refreshSize(): number {
    const fd = this.#parts.fd.number;
    const size = new BigUint64Array(1);
    try {
      if (this.blockDevice) check(this.#libc.ioctl_buffer(fd, BLKGETSIZE64, size), "ioctl BLKGETSIZE64");
      this.#size = this.blockDevice ? Number(size[0]) : fileFacts(fd).size;
      return 0;
    } catch (error) {
      return error instanceof KernelError ? error.errno : ERRNO.EIO;
    }
  }

  /** Fills the table from byte `offset` on. */
  read(offset: number, into: IoVector): number {
    const count = Math.min(into.count, UIO_MAXIOV);
    const done = this.#io.preadv(this.#fdFor(offset, into), into.pointer, count, BigInt(offset));
    return done === into.bytes ? 0 : this.#restOfRead(offset, into, done);
  }

  /** Writes the table from byte `offset` on. */
  write(offset: number, from: IoVector): number {
    const count = Math.min(from.count, UIO_MAXIOV);
    const done = this.#io.pwritev(this.#fdFor(offset, from), from.pointer, count, BigInt(offset));
    // Also when it failed: nobody knows how far it came, and a range below the end may hold anything.
    if (offset + from.bytes > this.#size && !this.blockDevice) this.#size = offset + from.bytes;
    return done === from.bytes ? 0 : this.#restOfWrite(offset, from, done);
  }

  /** Fills `into` from byte `offset` on. For metadata: through the page cache always. */
  readBytes(offset: number, into: Uint8Array<ArrayBuffer>): number {
    for (let done = 0; done < into.length;) {
      const part = into.subarray(done);
      const count = this.#io.pread(this.#parts.fd.number, part, BigInt(part.length), BigInt(offset + done));
      if (count === 0) {
        into.fill(0, done);
        return 0;
      }
      if (count > 0) done += count;
      else if (this.#libc.errno() !== ERRNO.EINTR) return this.#libc.errno();
    }
    return 0;
  }

  /** Writes `bytes` from byte `offset` on. */
  writeBytes(offset: number, bytes: Uint8Array<ArrayBuffer>): number {
    for (let done = 0; done < bytes.length;) {
      const part = bytes.subarray(done);
      const count = this.#io.pwrite(this.#parts.fd.number, part, BigInt(part.length), BigInt(offset + done));
      if (count === 0) return ERRNO.ENOSPC;
      if (count > 0) done += count;
      else if (this.#libc.errno() !== ERRNO.EINTR) return this.#libc.errno();
    }
    if (!this.blockDevice) this.#size = Math.max(this.#size, offset + bytes.length);
    return 0;
  }

  /** What has been written is durable when it returns 0. */
  sync(): number {
    if (!this.#parts.durable) return 0;
    while (this.#io.fdatasync(this.#parts.fd.number) < 0) {
      const errno = this.#libc.errno();
      if (errno !== ERRNO.EINTR) return errno;
    }
    return 0;
  }

  /** Gives the range's room back to the host; EOPNOTSUPP where it cannot. Reads as zeroes then. */
  punch(offset: number, length: number): number {
    return this.#fallocate(FALLOC_FL.PUNCH_HOLE | FALLOC_FL.KEEP_SIZE, offset, length);
  }

  /** Zeroes a range below the end, by the host's own means or by writing. */
  zero(offset: number, length: number, unmap: boolean): number {
    if (unmap && this.punch(offset, length) === 0) return 0;
    if (this.#fallocate(FALLOC_FL.ZERO_RANGE | FALLOC_FL.KEEP_SIZE, offset, length) === 0) return 0;
    this.#zeroes ??= new Uint8Array(ZEROES);
    const run = new IoVector(UIO_MAXIOV);
    const address = addressOf(this.#zeroes);
    for (let done = 0; done < length; done += run.bytes) {
      run.clear();
      while (done + run.bytes < length) {
        if (!run.add(address, Math.min(ZEROES, length - done - run.bytes))) break;
      }
      const errno = this.write(offset + done, run);
      if (errno !== 0) return errno;
    }
    return 0;
  }

  /** Closes it, and with it gives up its locks. */
  [Symbol.dispose](): void {
    this.#parts.direct?.[Symbol.dispose]();
    unlockImage(this.#parts.fd.number);
    this.#parts.fd[Symbol.dispose]();
  }

  #fallocate(mode: number, offset: number, length: number): number {
    const fd = this.#parts.fd.number;
    while (this.#io.fallocate(fd, mode, BigInt(offset), BigInt(length)) < 0) {
      const errno = this.#libc.errno();
      if (errno !== ERRNO.EINTR) return errno;
    }
    return 0;
  }

  #fdFor(offset: number, vector: IoVector): number {
    const { direct, fd } = this.#parts;
    if (direct === undefined) return fd.number;
    return ((offset | vector.alignment) & (DIRECT_ALIGNMENT - 1)) === 0 ? direct.number : fd.number;
  }

  /** Goes on after a short, interrupted or failed transfer. A rest is unaligned or aligned as its fd needs it. */
  #restOfRead(offset: number, into: IoVector, done: number): number {
    let moved = 0, result = done;
    for (;;) {
      if (result === 0) { // the end of the file
        into.zero(moved, into.bytes - moved);
        return 0;
      }
      if (result > 0) moved += result;
      else if (this.#libc.errno() !== ERRNO.EINTR) return this.#libc.errno();
      if (moved === into.bytes) return 0;
      into.slice(moved, into.bytes - moved, this.#rest);
      const count = Math.min(this.#rest.count, UIO_MAXIOV), from = offset + moved;
      result = this.#io.preadv(this.#fdFor(from, this.#rest), this.#rest.pointer, count, BigInt(from));
    }
  }

  #restOfWrite(offset: number, source: IoVector, done: number): number {
    let moved = 0, result = done;
    for (;;) {
      if (result === 0) return ERRNO.ENOSPC; // a device's end
      if (result > 0) moved += result;
      else if (this.#libc.errno() !== ERRNO.EINTR) return this.#libc.errno();
      if (moved === source.bytes) return 0;
      source.slice(moved, source.bytes - moved, this.#rest);
      const count = Math.min(this.#rest.count, UIO_MAXIOV), from = offset + moved;
      result = this.#io.pwritev(this.#fdFor(from, this.#rest), this.#rest.pointer, count, BigInt(from));
    }
  }
}
