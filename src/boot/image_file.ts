/**
 * Files that the loaders read: kernels, initrds, multiboot modules.
 *
 * @module
 */

import { UserError } from "../errors.ts";
import { byteSize } from "./format.ts";

/** A readable image of known, non-zero size. */
export interface ImageFile extends Disposable {
  /** Where it came from, for messages. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /**
   * Fills the whole of `into` from byte `offset` on. `into` may be guest memory itself: nothing is copied on the way.
   *
   * @throws {UserError} if the image ends before that, or cannot be read.
   */
  read(offset: number, into: Uint8Array): void;
}

/**
 * Opens a regular file.
 *
 * @param path a path in the file system.
 * @param field the setting that named it, for the error: `kernel`, `initrd`, `modules`.
 * @throws {UserError} for no such file, a directory or another thing without a size, no permission, an empty file.
 *
 * ```ts ignore
 * using kernel = openImage("/boot/vmlinuz");
 * console.log(kernel.size);
 * ```
 */
export function openImage(path: string, field = "kernel"): ImageFile {
  // Asked before opening, since opening a FIFO would wait for its writer.
  const before = attempt(path, field, () => Deno.statSync(path));
  if (before.isDirectory) throw new UserError(`${path} is a directory, not a file`, { field });
  if (!before.isFile) throw new UserError(`${path} is not a regular file`, { field });
  const file = attempt(path, field, () => Deno.openSync(path));
  try {
    const { size } = file.statSync();
    if (size === 0) throw new UserError(`${path} is empty`, { field });
    return new DiskImage(path, size, field, file);
  } catch (error) {
    file.close();
    throw error;
  }
}

/**
 * An image that is already in memory.
 *
 * @throws {UserError} if it is empty.
 *
 * ```ts
 * import { memoryImage } from "./image_file.ts";
 *
 * const image = memoryImage("boot sector", new Uint8Array(512));
 * console.assert(image.size === 512);
 * ```
 */
export function memoryImage(name: string, bytes: Uint8Array): ImageFile {
  if (bytes.length === 0) throw new UserError(`${name} is empty`);
  return {
    name,
    size: bytes.length,
    read(offset, into) {
      checkEnd(this, offset, into.length);
      into.set(bytes.subarray(offset, offset + into.length));
    },
    [Symbol.dispose]() {},
  };
}

/** `length` bytes of an image from `offset` on, in memory of their own. */
export function readBytes(image: ImageFile, offset: number, length: number): Uint8Array<ArrayBuffer> {
  // Before the allocation: a header may ask for any length.
  checkEnd(image, offset, length);
  const bytes = new Uint8Array(length);
  image.read(offset, bytes);
  return bytes;
}

class DiskImage implements ImageFile {
  readonly #file: Deno.FsFile;
  readonly #field: string;

  constructor(readonly name: string, readonly size: number, field: string, file: Deno.FsFile) {
    this.#field = field;
    this.#file = file;
  }

  read(offset: number, into: Uint8Array): void {
    checkEnd(this, offset, into.length, this.#field);
    attempt(this.name, this.#field, () => {
      this.#file.seekSync(offset, Deno.SeekMode.Start);
      // One read(2) moves at most 2 GiB − 4 KiB (its manual page, NOTES), and the file may have shrunk since.
      for (let done = 0; done < into.length;) {
        const count = this.#file.readSync(into.subarray(done));
        if (count === null) throw truncated(this.name, offset + into.length, offset + done, this.#field);
        done += count;
      }
    });
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }
}

function checkEnd(image: ImageFile, offset: number, length: number, field?: string): void {
  if (offset + length > image.size) throw truncated(image.name, offset + length, image.size, field);
}

function truncated(name: string, needed: number, size: number, field = "kernel"): UserError {
  return new UserError(
    `${name} is truncated: it ends after ${size} bytes (${byteSize(size)}), and ${needed} are needed`,
    { field, hint: "Copy or download the file again." },
  );
}

/** Runs a file operation and says its failure in the user's terms. */
function attempt<T>(path: string, field: string, operation: () => T): T {
  try {
    return operation();
  } catch (cause) {
    if (cause instanceof UserError) throw cause;
    if (cause instanceof Deno.errors.NotFound) throw new UserError(`no such file: ${path}`, { field, cause });
    if (cause instanceof Deno.errors.NotCapable) {
      throw new UserError(`Deno may not read ${path}`, {
        field,
        cause,
        hint: "Run it with --allow-read or -A.",
      });
    }
    if (cause instanceof Deno.errors.PermissionDenied) {
      throw new UserError(`no permission to read ${path}`, { field, cause });
    }
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new UserError(`cannot read ${path}: ${why}`, { field, cause });
  }
}
