/**
 * Files as disks: scatter-gather tables, record locks, holes, block devices.
 *
 * @module
 */

import { ior } from "../ioctl.ts";
import { i16, i32, i64, pointer, struct, u64 } from "../layout.ts";

/** One piece of memory for preadv(2) and pwritev(2), `sys/uio.h`. */
export const iovec = struct("iovec", { iov_base: pointer, iov_len: u64 });

/** Pieces that one call takes, `sys/uio.h`. */
export const UIO_MAXIOV = 1024;

/** A record lock for fcntl(2), `fcntl.h`. */
export const flock = struct("flock", {
  l_type: i16,
  l_whence: i16,
  l_start: i64,
  l_len: i64,
  l_pid: i32,
});

/** Kinds of {@link flock}, `asm-generic/fcntl.h`. */
export const LOCK_TYPE = { RDLCK: 0, WRLCK: 1, UNLCK: 2 } as const;

/** Locks that belong to the open file description and not to the process, `asm-generic/fcntl.h`. */
export const F_OFD = { GETLK: 36, SETLK: 37 } as const;

/** Past the page cache; memory, offset and length must be aligned. `asm/fcntl.h` */
export const O_DIRECT = 0o40000;
/** Each write is durable when it returns. */
export const O_DSYNC = 0o10000;

/** Modes of fallocate(2), `linux/falloc.h`. */
export const FALLOC_FL = { KEEP_SIZE: 1, PUNCH_HOLE: 2, ZERO_RANGE: 0x10 } as const;

/** `st_mode`'s kinds of file, `linux/stat.h`. */
export const S_IF = { MT: 0o170000, BLK: 0o60000, DIR: 0o40000, REG: 0o100000 } as const;

/** A block device's size in bytes, `linux/fs.h`: `_IOR(0x12, 114, size_t)`. */
export const BLKGETSIZE64: number = ior(0x12, 114, u64);
