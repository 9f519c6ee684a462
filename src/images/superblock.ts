/**
 * The superblock of an ext4 file system (Linux Documentation/filesystems/ext4/super.rst): enough to tell what is
 * on a disk.
 *
 * @module
 */

/** Where it lies, and how much of it is read. */
const OFFSET = 1024;
const BYTES = 1024;
const MAGIC = 0xef53;
/** Feature bits (super.rst, s_feature_incompat). */
const INCOMPAT_RECOVER = 0x4;
const INCOMPAT_64BIT = 0x80;
/** State bit (super.rst, s_state). */
const CLEANLY_UNMOUNTED = 1;

/** What a file system says of itself. */
export interface FileSystem {
  readonly label: string;
  readonly uuid: string;
  /** Bytes. */
  readonly size: number;
  /** Bytes; what a guest that runs has changed is not in it. */
  readonly free: number;
  /** False after a guest that was not shut down, or while one runs. */
  readonly clean: boolean;
}

/** Reads the superblock of a disk; undefined if there is none. */
export async function readSuperblock(disk: Deno.FsFile): Promise<FileSystem | undefined> {
  const bytes = new Uint8Array(BYTES);
  await disk.seek(OFFSET, Deno.SeekMode.Start);
  for (let at = 0; at < BYTES;) {
    const count = await disk.read(bytes.subarray(at));
    if (count === null) return undefined;
    at += count;
  }
  const view = new DataView(bytes.buffer);
  if (view.getUint16(0x38, true) !== MAGIC) return undefined;
  const incompat = view.getUint32(0x60, true);
  const blockSize = 1024 * 2 ** view.getUint32(0x18, true);
  const high = (at: number) => (incompat & INCOMPAT_64BIT) === 0 ? 0 : view.getUint32(at, true) * 2 ** 32;
  const label = bytes.subarray(0x78, 0x88);
  const end = label.indexOf(0);
  const hex = bytes.subarray(0x68, 0x78).toHex();
  return {
    label: new TextDecoder().decode(end < 0 ? label : label.subarray(0, end)),
    uuid: hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-"),
    size: (view.getUint32(0x04, true) + high(0x150)) * blockSize,
    free: (view.getUint32(0x0c, true) + high(0x158)) * blockSize,
    clean: (view.getUint16(0x3a, true) & CLEANLY_UNMOUNTED) !== 0 && (incompat & INCOMPAT_RECOVER) === 0,
  };
}
