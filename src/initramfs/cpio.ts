/**
 * The "newc" cpio format, in which Linux takes an initramfs
 * (Linux Documentation/driver-api/early-userspace/buffer-format.rst).
 *
 * @module
 */

/** One member of an archive. Paths are relative to the archive's root, without a leading slash. */
export type CpioEntry =
  | { readonly kind: "file"; readonly path: string; readonly data: Uint8Array; readonly mode?: number }
  | { readonly kind: "directory"; readonly path: string; readonly mode?: number }
  | { readonly kind: "symlink"; readonly path: string; readonly target: string }
  | {
    readonly kind: "device";
    readonly path: string;
    readonly type: "char" | "block";
    readonly major: number;
    readonly minor: number;
    readonly mode?: number;
  };

/** File types in a mode word (`uapi/linux/stat.h`, S_IF*). */
const FILE_TYPE = { file: 0o100000, directory: 0o040000, symlink: 0o120000, char: 0o020000, block: 0o060000 };
/** Six bytes of magic and thirteen fields of eight hexadecimal digits (buffer-format.rst). */
const HEADER_BYTES = 110;
const MAGIC = "070701";
const TRAILER = "TRAILER!!!";
const NO_DATA = new Uint8Array(0);
/** The kernel's unpacker takes names up to PATH_MAX with their NUL (Linux init/initramfs.c). */
const LONGEST_NAME = 4095;

interface Member {
  readonly name: Uint8Array;
  readonly mode: number;
  readonly data: Uint8Array;
  readonly links: number;
  readonly major: number;
  readonly minor: number;
}

/**
 * Packs entries into one archive: uncompressed, owned by root, dated 1970, so that equal entries give equal bytes.
 *
 * Directories on the way to an entry are added (mode 0755) where the caller did not name them before it: the
 * kernel drops a file whose directory it has not met. Archives may be joined end to end; a later one adds to
 * and overwrites an earlier one.
 *
 * @param entries Members in order. Modes are permission bits; default 0644, or 0755 for directories.
 * @returns The archive; its length is a multiple of 4.
 * @throws {RangeError} if a path is empty, absolute, not normal, repeated or too long, or a number out of range.
 *
 * @example
 * ```ts
 * import { cpio } from "./cpio.ts";
 *
 * const archive = cpio([{ kind: "file", path: "etc/motd", data: new TextEncoder().encode("hello\n") }]);
 * console.log(archive.length); // 492
 * ```
 */
export function cpio(entries: Iterable<CpioEntry>): Uint8Array<ArrayBuffer> {
  const members: Member[] = [];
  const seen = new Set<string>();
  const encoder = new TextEncoder();

  const add = (path: string, mode: number, data: Uint8Array, major = 0, minor = 0) => {
    const name = encoder.encode(path);
    if (name.length > LONGEST_NAME) throw new RangeError(`cpio: path of ${name.length} bytes is too long`);
    const links = (mode & 0o170000) === FILE_TYPE.directory ? 2 : 1;
    members.push({ name, mode, data, links, major, minor });
    seen.add(path);
  };

  for (const entry of entries) {
    checkPath(entry.path, seen);
    for (const parent of parents(entry.path)) {
      if (!seen.has(parent)) add(parent, FILE_TYPE.directory | 0o755, NO_DATA);
    }
    switch (entry.kind) {
      case "file":
        add(entry.path, FILE_TYPE.file | permissions(entry.mode ?? 0o644), entry.data);
        break;
      case "directory":
        add(entry.path, FILE_TYPE.directory | permissions(entry.mode ?? 0o755), NO_DATA);
        break;
      case "symlink":
        add(entry.path, FILE_TYPE.symlink | 0o777, encoder.encode(entry.target));
        break;
      case "device":
        add(
          entry.path,
          FILE_TYPE[entry.type] | permissions(entry.mode ?? 0o644),
          NO_DATA,
          field(entry.major, "major"),
          field(entry.minor, "minor"),
        );
        break;
    }
  }
  members.push({ name: encoder.encode(TRAILER), mode: 0, data: NO_DATA, links: 1, major: 0, minor: 0 });
  return pack(members);
}

function pack(members: readonly Member[]): Uint8Array<ArrayBuffer> {
  const total = members.reduce((sum, { name, data }) => sum + headBytes(name) + align4(data.length), 0);
  const archive = new Uint8Array(total);
  const encoder = new TextEncoder();
  let at = 0;
  members.forEach(({ name, mode, data, links, major, minor }, index) => {
    // ino, mode, uid, gid, nlink, mtime, filesize, devmajor, devminor, rdevmajor, rdevminor, namesize, check.
    // Inode numbers must differ: the kernel takes equal ones with nlink > 1 for hard links.
    const fields = [index + 1, mode, 0, 0, links, 0, field(data.length, "size"), 0, 0, major, minor];
    const header = MAGIC + [...fields, name.length + 1, 0].map(hex8).join("");
    encoder.encodeInto(header, archive.subarray(at));
    archive.set(name, at + HEADER_BYTES);
    at += headBytes(name);
    archive.set(data, at);
    at += align4(data.length);
  });
  return archive;
}

/** Header, name, its NUL, and padding, so that the data which follow are aligned. */
function headBytes(name: Uint8Array): number {
  return align4(HEADER_BYTES + name.length + 1);
}

function checkPath(path: string, seen: ReadonlySet<string>): void {
  const parts = path.split("/");
  const normal = parts.every((part) => part !== "" && part !== "." && part !== "..");
  if (!normal || path.includes("\0")) {
    throw new RangeError(`cpio: path ${JSON.stringify(path)} must be relative, without "." or ".."`);
  }
  if (path === TRAILER) throw new RangeError(`cpio: ${TRAILER} ends an archive and cannot be a path`);
  if (seen.has(path)) throw new RangeError(`cpio: path ${JSON.stringify(path)} comes twice`);
}

/** "a/b/c" → "a", "a/b". */
function parents(path: string): string[] {
  const parts = path.split("/");
  return parts.slice(0, -1).map((_, index) => parts.slice(0, index + 1).join("/"));
}

function permissions(mode: number): number {
  if (!Number.isInteger(mode) || mode < 0 || mode > 0o7777) {
    throw new RangeError(`cpio: mode ${mode} is no set of permission bits`);
  }
  return mode;
}

function field(value: number, what: string): number {
  if (!Number.isInteger(value) || value < 0 || value > 0xffff_ffff) {
    throw new RangeError(`cpio: ${what} ${value} does not fit 32 bits`);
  }
  return value;
}

function hex8(value: number): string {
  return value.toString(16).padStart(8, "0");
}

function align4(length: number): number {
  return length + (-length & 3);
}
