/**
 * The calls that move a disk's bytes: positioned, scattered, durable.
 *
 * @module
 */

import { timespec } from "./clock.ts";
import { array, i32, i64, struct, u32, u64 } from "./layout.ts";
import { check, cString, libc } from "./libc.ts";

/** What fstat(2) fills, `bits/struct_stat.h`. */
export const stat = struct("stat", {
  st_dev: u64,
  st_ino: u64,
  st_nlink: u64,
  st_mode: u32,
  st_uid: u32,
  st_gid: u32,
  __pad0: i32,
  st_rdev: u64,
  st_size: i64,
  st_blksize: i64,
  st_blocks: i64,
  st_atim: timespec,
  st_mtim: timespec,
  st_ctim: timespec,
  __glibc_reserved: array(i64, 3),
});

/** Bytes of one unit of `st_blocks`, whatever the file system's block is (stat(3type)). */
const STAT_BLOCK = 512;

// Offsets are bigint, one short-lived object for each call: an i64 from a number costs 300 ns more, and a struct of two
// u32 passed by value, which would allocate nothing, 190 ns more. No transfer is larger than an i32 (read(2), NOTES).
const SYMBOLS = {
  preadv: {
    parameters: [
      "i32",
      /* int fd */ "pointer",
      /* const struct iovec * */ "i32",
      /* int */ "i64", /* off_t */
    ],
    result: "i32",
  },
  pwritev: {
    parameters: [
      "i32",
      /* int fd */ "pointer",
      /* const struct iovec * */ "i32",
      /* int */ "i64", /* off_t */
    ],
    result: "i32",
  },
  pread: {
    parameters: ["i32", /* int fd */ "buffer", /* void *buf */ "u64", /* size_t */ "i64" /* off_t */],
    result: "i32",
  },
  pwrite: {
    parameters: ["i32", /* int fd */ "buffer", /* const void *buf */ "u64", /* size_t */ "i64" /* off_t */],
    result: "i32",
  },
  fdatasync: { parameters: ["i32" /* int fd */], result: "i32" },
  fallocate: {
    parameters: [
      "i32",
      /* int fd */ "i32",
      /* int mode */ "i64",
      /* off_t offset */ "i64", /* off_t length */
    ],
    result: "i32",
  },
  fcntl: {
    parameters: ["i32", /* int fd */ "i32", /* int op */ "buffer" /* struct flock * */],
    result: "i32",
  },
  stat: { parameters: ["buffer", /* const char *path */ "buffer" /* struct stat * */], result: "i32" },
  fstat: { parameters: ["i32", /* int fd */ "buffer" /* struct stat * */], result: "i32" },
  /** memcpy to an address that is a number elsewhere. */
  memcpy_to: {
    name: "memcpy",
    parameters: ["u64", /* void *dest */ "buffer", /* const void *src */ "u64" /* size_t */],
    result: "void",
  },
  /** memcpy from one. */
  memcpy_from: {
    name: "memcpy",
    parameters: ["buffer", /* void *dest */ "u64", /* const void *src */ "u64" /* size_t */],
    result: "void",
  },
  memset: { parameters: ["u64", /* void * */ "i32", /* int c */ "u64" /* size_t */], result: "void" },
} as const satisfies Deno.ForeignLibraryInterface;

/** These functions of the C library. */
export type FileIo = Deno.StaticForeignLibraryInterface<typeof SYMBOLS>;

let opened: FileIo | undefined; // a cache, not state: apart from libc(), as only the worker with the disks needs it

/** The functions for this isolate; a failed call's errno is `libc().errno()`. */
export function fileIo(): FileIo {
  libc(); // opened now, so that it is not opened between a call and the reading of its errno
  return opened ??= Deno.dlopen("libc.so.6", SYMBOLS).symbols;
}

/** What a file is. */
export interface FileFacts {
  /** Names the file, whatever its path: device and inode. */
  readonly identity: string;
  /** `st_mode`. */
  readonly mode: number;
  /** Bytes; 0 for a device. */
  readonly size: number;
  /** Bytes that it takes on the disk. */
  readonly allocated: number;
}

/** Facts of a path or of an open file. Throws KernelError. */
export function fileFacts(file: string | number): FileFacts {
  const facts = stat.create();
  const c = fileIo();
  if (typeof file === "string") check(c.stat(cString(file), facts.$bytes), `stat ${file}`);
  else check(c.fstat(file, facts.$bytes), "fstat");
  return {
    identity: `${facts.st_dev}:${facts.st_ino}`,
    mode: facts.st_mode,
    size: facts.st_size_num,
    allocated: facts.st_blocks_num * STAT_BLOCK,
  };
}
