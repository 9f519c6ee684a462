/**
 * From a tree to a disk: one ext4 file system, without a partition table.
 *
 * e2fsprogs does it without mounting anything and without root: mkfs.ext4 copies a directory, and debugfs then
 * says whose each file is. (mkfs.ext4 takes a tar archive since 1.47.1 only, and if built with libarchive.)
 *
 * The features of the file system are fixed here, not the host's: /etc/mke2fs.conf of a newer host may ask for
 * what an older guest's kernel does not know.
 *
 * @module
 */

import { basename, dirname, join } from "@std/path";
import { HostError, UserError } from "../errors.ts";
import { type RunTool, runTool } from "../debian/tool.ts";
import { explainFullDisk } from "./content_store.ts";
import type { Attributes, FileTree, TreeNode } from "./file_tree.ts";
import { mustFindTool } from "./host_tools.ts";

/** Linux's and e2fsprogs's common ground since 2016 (ext4(5)): what Debian 9 to 13 make by default. */
const MKE2FS_CONF = `[defaults]
base_features = sparse_super,large_file,filetype,resize_inode,dir_index,ext_attr
blocksize = 4096
inode_size = 256
inode_ratio = 16384
[fs_types]
ext4 = {
features = has_journal,extent,huge_file,flex_bg,metadata_csum,64bit,dir_nlink,extra_isize
}
`;
const BLOCK = 4096;
const INODE = 256;
/** Per cent kept for root, so that a guest with a full disk can still be mended (mke2fs(8), -m). */
const RESERVED_PERCENT = 1;
/** ext4's field for a label (ext4(5)), which is a partition label's most everywhere. */
export const LABEL_BYTES = 16;

/** File types in a mode word (uapi/linux/stat.h, S_IF*). */
const TYPE: Readonly<Record<TreeNode["kind"], number>> = {
  fifo: 0o010000,
  char: 0o020000,
  directory: 0o040000,
  block: 0o060000,
  file: 0o100000,
  symlink: 0o120000,
};

/** What {@linkcode makeExt4} makes. */
export interface Ext4Options {
  readonly tree: FileTree;
  /** The disk's file; made. */
  readonly disk: string;
  /** Bytes, a multiple of 4096. */
  readonly size: number;
  readonly label: string;
  /** An empty directory on the file system of the contents, which are moved into it. */
  readonly scratch: string;
  readonly run?: RunTool;
}

/**
 * Makes the disk, sparse: it takes of the host what is in it.
 *
 * @throws {UserError} if the size is too small; {@linkcode HostError} without e2fsprogs, or if the host's disk is full.
 */
export async function makeExt4(
  { tree, disk, size, label, scratch, run = runTool }: Ext4Options,
): Promise<void> {
  const [mkfs, debugfs] = [await mustFindTool("mkfs.ext4"), await mustFindTool("debugfs")];
  const need = spaceFor(tree);
  if (need.bytes > size) throw tooSmall(size, need.bytes);
  const root = join(scratch, "root");
  const config = join(scratch, "mke2fs.conf");
  const commands = join(scratch, "debugfs");
  try {
    Deno.mkdirSync(root);
    stage(tree, root);
    Deno.writeTextFileSync(config, MKE2FS_CONF);
    Deno.writeTextFileSync(
      commands,
      [...attributeCommands(tree, scratch)].map((line) => `${line}\n`).join(""),
    );
    using file = Deno.openSync(disk, { write: true, createNew: true, mode: 0o644 });
    file.truncateSync(size);
  } catch (error) {
    throw explainFullDisk(error, scratch);
  }
  const inodes = Math.max(Math.ceil(size / 16384), need.inodes * 2);
  const made = await run("env", [
    `MKE2FS_CONFIG=${config}`,
    mkfs,
    ...["-q", "-F", "-t", "ext4", "-L", label, "-m", `${RESERVED_PERCENT}`],
    ...["-N", `${inodes}`, "-d", root, disk],
  ]);
  if (made.code !== 0) throw failed("mkfs.ext4", made.stderr, size, scratch);
  const set = await run(debugfs, ["-w", "-f", commands, disk]);
  // debugfs goes on after a command that failed, and says so on standard error alone, after its version.
  const complaints = set.stderr.split("\n").filter((line) => line !== "" && !/^debugfs \d/.test(line));
  if (set.code !== 0 || complaints.length > 0) {
    throw failed("debugfs", complaints.join("\n") || `code ${set.code}`, size, scratch);
  }
}

/** An upper bound of what a tree needs on a disk. */
function spaceFor(tree: FileTree): { bytes: number; inodes: number } {
  const met = new Set<TreeNode>();
  let blocks = 0;
  for (const [, node] of tree.walk()) {
    if (met.has(node)) continue;
    met.add(node);
    if (node.kind === "file") blocks += Math.ceil(node.size / BLOCK);
    // A name takes 8 bytes and its own length, padded (ext4(5), directory entries); blocks are split when full.
    else if (node.kind === "directory") blocks += 1 + Math.ceil(node.children.size * 64 / BLOCK);
  }
  const inodes = met.size + 16;
  // The journal, bitmaps, group descriptors and the blocks kept for root.
  return { bytes: Math.ceil(blocks * BLOCK * 1.05) + inodes * INODE * 2 + (16 << 20), inodes };
}

/** Builds the tree as a directory. Every parent is a directory made here, so no symlink is ever followed. */
function stage(tree: FileTree, root: string): void {
  const names = new Map<TreeNode, string>();
  const directories: (readonly [string, Attributes])[] = [];
  for (const [path, node] of tree.walk()) {
    const place = `${root}/${path}`;
    const first = names.get(node);
    if (node.kind === "directory") {
      Deno.mkdirSync(place);
      directories.push([place, node]);
    } else if (first !== undefined) {
      Deno.linkSync(first, place);
    } else if (node.kind === "file") {
      Deno.renameSync(node.source, place);
      Deno.utimeSync(place, node.mtime, node.mtime);
      names.set(node, place);
    } else if (node.kind === "symlink") {
      Deno.symlinkSync(node.target, place);
    } // the others are made by debugfs: only root may make them here
  }
  for (const [place, { mtime }] of directories) Deno.utimeSync(place, mtime, mtime);
}

/** debugfs(8) commands that give every node its owner, mode and extended attributes. */
function* attributeCommands(tree: FileTree, scratch: string): Generator<string> {
  yield* setAttributes("/", "directory", tree.root);
  const done = new Set<TreeNode>();
  let values = 0;
  for (const [path, node] of tree.walk()) {
    const quoted = quote(`/${path}`);
    if (node.kind === "char" || node.kind === "block" || node.kind === "fifo") {
      // debugfs makes one in its working directory only.
      yield `cd ${quote(`/${dirname(path)}`)}`;
      const numbers = node.kind === "fifo" ? "" : ` ${node.major} ${node.minor}`;
      yield `mknod ${quote(basename(path))} ${node.kind === "fifo" ? "p" : node.kind[0]}${numbers}`;
    } else if (done.has(node)) {
      continue; // a hard link
    }
    done.add(node);
    yield* setAttributes(quoted, node.kind, node);
    for (const [name, value] of node.xattrs ?? []) {
      const file = join(scratch, `xattr-${values++}`);
      Deno.writeFileSync(file, value);
      yield `ea_set -f ${quote(file)} ${quoted} ${quote(name)}`;
    }
  }
}

function* setAttributes(quoted: string, kind: TreeNode["kind"], node: Attributes): Generator<string> {
  yield `sif ${quoted} mode 0${(TYPE[kind] | node.mode).toString(8)}`;
  yield `sif ${quoted} uid ${node.uid}`;
  yield `sif ${quoted} gid ${node.gid}`;
}

/** A word for debugfs, which doubles a quotation mark (e2fsprogs lib/ss/parse.c). */
function quote(word: string): string {
  return `"${word.replaceAll('"', '""')}"`;
}

function tooSmall(size: number, need: number): UserError {
  const enough = Math.ceil(need / (1 << 27)) / 8;
  return new UserError(`size: ${Math.floor(size / (1 << 20))} MiB are too little for what goes on the disk`, {
    field: "size",
    hint: `It needs at least --size ${enough}G, and more to work with. Space that is not used costs nothing.`,
  });
}

function failed(program: string, words: string, size: number, scratch: string): unknown {
  const reason = words.trim().split("\n").slice(0, 3).join("; ");
  if (/could not allocate|no free|no space left in (filesystem|group)/i.test(reason)) {
    return tooSmall(size, size * 1.25);
  }
  return explainFullDisk(new HostError(`${program} cannot make the disk: ${reason}`), scratch);
}
