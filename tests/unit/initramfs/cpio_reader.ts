/** An independent reader of the newc format, for tests (Linux Documentation/driver-api/early-userspace/buffer-format.rst). */
export interface ReadMember {
  readonly path: string;
  readonly inode: number;
  readonly mode: number;
  readonly links: number;
  readonly device: readonly [major: number, minor: number];
  readonly data: Uint8Array;
}

/** Members up to the trailer; throws on anything irregular. */
export function readCpio(archive: Uint8Array): ReadMember[] {
  const members: ReadMember[] = [];
  let at = 0;
  const text = (length: number) => {
    if (at + length > archive.length) throw new Error(`archive ends in the middle of a member, at ${at}`);
    return new TextDecoder().decode(archive.subarray(at, at += length));
  };
  const number = () => {
    const digits = text(8);
    if (!/^[0-9a-fA-F]{8}$/.test(digits)) throw new Error(`no number at ${at - 8}: ${digits}`);
    return parseInt(digits, 16);
  };
  for (;;) {
    if (at % 4 !== 0) throw new Error(`member at ${at} is not aligned`);
    if (text(6) !== "070701") throw new Error(`no magic at ${at - 6}`);
    const fields = Array.from({ length: 13 }, number);
    const [inode, mode, uid, gid, links, mtime, size, , , major, minor, nameSize, check] = fields as number[];
    if (uid !== 0 || gid !== 0 || mtime !== 0 || check !== 0) throw new Error("not reproducible");
    const path = text(nameSize!);
    if (!path.endsWith("\0") || path.indexOf("\0") !== path.length - 1) {
      throw new Error("name without its NUL");
    }
    at += -at & 3;
    const data = archive.slice(at, at + size!);
    if (data.length !== size) throw new Error(`${path}: data cut short`);
    at += size + (-size & 3);
    if (path === "TRAILER!!!\0") {
      if (at !== archive.length) throw new Error("bytes after the trailer");
      return members;
    }
    members.push({
      path: path.slice(0, -1),
      inode: inode!,
      mode: mode!,
      links: links!,
      device: [major!, minor!],
      data,
    });
  }
}
