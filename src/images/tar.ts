/**
 * Reading a tar archive as it streams by.
 *
 * @module
 */

import { BLOCK, isEndBlock, parseHeader, parsePax, type PaxRecords, TarError, text } from "./tar_header.ts";

/** One member. Its content must be read, or left, before the next one is asked for. */
export interface TarEntry {
  /** As the archive has it: may be absolute or have `..` in it. */
  readonly path: string;
  readonly kind: "file" | "directory" | "symlink" | "hardlink" | "char" | "block" | "fifo";
  /** Permission bits with setuid, setgid and sticky. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds since 1970. */
  readonly mtime: number;
  /** Bytes of content; 0 but for files. */
  readonly size: number;
  /** Of a symlink or hardlink. */
  readonly linkTarget: string;
  readonly major: number;
  readonly minor: number;
  readonly xattrs: ReadonlyMap<string, Uint8Array>;
  /** The content in pieces, each valid until the next is asked for. */
  content(): AsyncGenerator<Uint8Array>;
}

/** POSIX.1-2017, ustar, typeflag; 7 (contiguous) is to be taken as a regular file. */
const KINDS: Readonly<Record<string, TarEntry["kind"]>> = {
  "0": "file",
  "1": "hardlink",
  "2": "symlink",
  "3": "char",
  "4": "block",
  "5": "directory",
  "6": "fifo",
  "7": "file",
};
/** Most bytes of an extended header or long name: they are kept in memory. */
const MAX_EXTENSION = 1 << 20;

/**
 * Reads a tar archive.
 *
 * @throws {TarError} if it is damaged, cut off, or has a member that cannot be carried over (a sparse file).
 */
export async function* readTar(stream: AsyncIterable<Uint8Array>): AsyncGenerator<TarEntry> {
  const reader = new BlockReader(stream);
  let global: ReadonlyMap<string, string> = new Map();
  let next: Extensions = {};
  try {
    while (true) {
      const block = await reader.maybe(BLOCK);
      if (block === undefined || isEndBlock(block)) return await reader.drain();
      const header = parseHeader(block);
      const extension = async () => {
        if (header.size > MAX_EXTENSION) {
          throw new TarError("the archive has an extended header beyond reason");
        }
        return (await reader.exactly(padded(header.size))).subarray(0, header.size);
      };
      if (header.type === "g") global = new Map([...global, ...parsePax(await extension()).values]);
      else if (header.type === "x") next = { ...next, pax: parsePax(await extension()) };
      else if (header.type === "L") next = { ...next, path: text(await extension()) };
      else if (header.type === "K") next = { ...next, linkTarget: text(await extension()) };
      else {
        const entry = extended(header, next, global);
        next = {};
        if (entry === undefined) {
          await reader.skip(padded(header.size));
          continue;
        }
        let left = entry.size;
        const padding = padded(entry.size) - entry.size;
        yield {
          ...entry,
          async *content() {
            while (left > 0) {
              const piece = await reader.some(left);
              left -= piece.length;
              yield piece;
            }
          },
        };
        await reader.skip(left + padding);
      }
    }
  } finally {
    await reader.end();
  }
}

/** What headers before an entry's own say of it. */
interface Extensions {
  readonly pax?: PaxRecords;
  readonly path?: string;
  readonly linkTarget?: string;
}

function extended(
  header: ReturnType<typeof parseHeader>,
  { pax, path, linkTarget }: Extensions,
  global: ReadonlyMap<string, string>,
): Omit<TarEntry, "content"> | undefined {
  const record = (keyword: string) => pax?.values.get(keyword) ?? global.get(keyword);
  const numeric = (keyword: string, otherwise: number) => {
    const value = Number(record(keyword) ?? otherwise);
    if (!Number.isFinite(value)) throw new TarError(`the archive is damaged: its ${keyword} is no number`);
    return Math.max(0, Math.floor(value));
  };
  if (header.type === "S" || pax?.values.has("GNU.sparse.major") || pax?.values.has("GNU.sparse.size")) {
    throw new TarError(`${header.path} is a sparse file in a GNU tar format that is not supported`);
  }
  const named = record("path") ?? path ?? header.path;
  // Before ustar, a directory was a file whose name ended with a slash.
  const kind = header.type === "0" && named.endsWith("/") ? "directory" : KINDS[header.type];
  if (kind === undefined) return undefined; // a volume label or the like
  return {
    path: named,
    kind,
    mode: header.mode,
    uid: numeric("uid", header.uid),
    gid: numeric("gid", header.gid),
    mtime: numeric("mtime", header.mtime),
    size: kind === "file" ? numeric("size", header.size) : 0,
    linkTarget: record("linkpath") ?? linkTarget ?? header.linkTarget,
    major: header.major,
    minor: header.minor,
    xattrs: pax?.xattrs ?? new Map(),
  };
}

function padded(size: number): number {
  return Math.ceil(size / BLOCK) * BLOCK;
}

const NOTHING = new Uint8Array(0);

/** A stream of chunks of any size, read in sizes of ours. */
class BlockReader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #chunk: Uint8Array = NOTHING;

  constructor(stream: AsyncIterable<Uint8Array>) {
    this.#chunks = stream[Symbol.asyncIterator]();
  }

  /** At least one byte, at most `most`. */
  async some(most: number): Promise<Uint8Array> {
    if (!await this.#fill()) throw cutOff();
    const piece = this.#chunk.subarray(0, most);
    this.#chunk = this.#chunk.subarray(piece.length);
    return piece;
  }

  /** So many bytes; undefined at the end of the stream. */
  async maybe(size: number): Promise<Uint8Array | undefined> {
    return await this.#fill() ? await this.exactly(size) : undefined;
  }

  async exactly(size: number): Promise<Uint8Array> {
    if (this.#chunk.length >= size) return await this.some(size);
    const whole = new Uint8Array(size);
    for (let at = 0; at < size;) {
      const piece = await this.some(size - at);
      whole.set(piece, at);
      at += piece.length;
    }
    return whole;
  }

  async skip(size: number): Promise<void> {
    for (let left = size; left > 0;) left -= (await this.some(left)).length;
  }

  /** Reads what follows the archive's end, so that whoever writes it meets no closed pipe. */
  async drain(): Promise<void> {
    while (await this.#fill()) this.#chunk = NOTHING;
  }

  /** Lets go of the stream. */
  async end(): Promise<void> {
    await this.#chunks.return?.();
  }

  async #fill(): Promise<boolean> {
    while (this.#chunk.length === 0) {
      const { done, value } = await this.#chunks.next();
      if (done) return false;
      this.#chunk = value;
    }
    return true;
  }
}

function cutOff(): TarError {
  return new TarError("the archive is cut off: it ends in the middle of a member");
}
