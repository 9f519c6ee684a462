/**
 * The contents of a tree's files while a disk is being built: numbered files in one directory.
 *
 * @module
 */

import { join } from "@std/path";
import { HostError, UserError } from "../errors.ts";
import type { FileNode } from "./file_tree.ts";

/** Where a file's content went. */
export type StoredContent = Pick<FileNode, "source" | "size">;

/** Takes contents until they are more than a disk could hold. */
export class ContentStore {
  #count = 0;
  #bytes = 0;

  /**
   * @param directory Exists and is empty.
   * @param limit Most bytes in all: the size of the disk. What an archive unpacks to is not known before.
   */
  constructor(private readonly directory: string, private readonly limit: number) {}

  /**
   * Stores one content.
   *
   * @throws {UserError} beyond the limit; {@linkcode HostError} if the host's disk is full.
   */
  async write(pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<StoredContent> {
    const source = join(this.directory, String(this.#count++));
    let size = 0;
    // Synchronous writes: a root file system has ten thousand small files, and each await costs more than they do.
    try {
      using file = Deno.openSync(source, { write: true, createNew: true, mode: 0o600 });
      for await (const piece of pieces) {
        this.#bytes += piece.length;
        if (this.#bytes > this.limit) {
          throw new UserError("size: the files are more than the disk would hold", {
            field: "size",
            hint: "Give the disk more by --size; a disk is as large on the host as what is in it.",
          });
        }
        for (let at = 0; at < piece.length;) at += file.writeSync(piece.subarray(at));
        size += piece.length;
      }
    } catch (error) {
      throw explainFullDisk(error, this.directory);
    }
    return { source, size };
  }

  /** Stores a text. */
  async writeText(text: string): Promise<StoredContent> {
    return await this.write([new TextEncoder().encode(text)]);
  }
}

/** An error in its user's terms, if it says that the host's disk is full. */
export function explainFullDisk(error: unknown, place: string): unknown {
  const full = error instanceof Error &&
    /os error (28|122)|No space left|quota exceeded/i.test(error.message);
  if (!full) return error;
  return new HostError(`the disk with ${place} is full`, {
    hint: "Make room there, or choose another place for the cache by DENOVISOR_CACHE.",
    cause: error,
  });
}
