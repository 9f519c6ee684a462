/**
 * From an image's layers to one tree (OCI image specification 1.1, layer.md).
 *
 * @module
 */

import { createReadStream } from "node:fs";
import { pipeline } from "node:stream";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { UserError } from "../errors.ts";
import type { ContentStore } from "./content_store.ts";
import type { DirectoryNode, FileTree, TreeNode } from "./file_tree.ts";
import type { Descriptor } from "./oci_layout.ts";
import { readArchive } from "./read_archive.ts";
import type { TarEntry } from "./tar.ts";

/** Layers as tar archives, packed or not; encrypted ones and others have further words at the end. */
const LAYER = /\.tar([.+](gzip|zstd))?$/;
/** A file that says that one of a lower layer is gone (layer.md, Whiteouts). */
const WHITEOUT = ".wh.";
/** One that says so of all in its directory (layer.md, Opaque Whiteout). */
const OPAQUE = ".wh..wh..opq";

/**
 * Applies one layer to the tree of those below it.
 *
 * @param file The layer's blob, checked already.
 * @throws {UserError} if the layer is damaged, or of a kind that is not supported.
 */
export async function applyLayer(
  file: string,
  { mediaType }: Pick<Descriptor, "mediaType">,
  tree: FileTree,
  store: ContentStore,
): Promise<void> {
  if (!LAYER.test(mediaType)) throw new UserError(`layers of the type ${mediaType} cannot be read`);
  // Whiteouts hide what is in lower layers only, wherever they are in their own.
  const own = new Set<TreeNode>();
  await readArchive(unpacked(file, mediaType), tree, store, {
    instead: (entry) => hide(entry, tree, own),
    placed: (node) => own.add(node),
  });
}

/** Does what a whiteout says; false for other members. */
function hide({ path }: TarEntry, tree: FileTree, own: ReadonlySet<TreeNode>): boolean {
  const slash = path.replace(/\/+$/, "").lastIndexOf("/");
  const [directory, name] = [path.slice(0, slash + 1), path.slice(slash + 1)];
  if (!name.startsWith(WHITEOUT)) return false;
  if (name === OPAQUE) {
    const node = tree.follow(directory);
    if (node?.kind === "directory") keepOwn(node, own);
    return true;
  }
  const hidden = name.slice(WHITEOUT.length);
  if (["", ".", ".."].includes(hidden)) {
    throw new UserError(`the layer hides ${JSON.stringify(path)}, which is no name`);
  }
  const node = tree.lookup(directory + hidden);
  const keeps = node?.kind === "directory" && keepOwn(node, own);
  if (node !== undefined && !keeps && !own.has(node)) tree.remove(directory + hidden);
  return true;
}

/** Leaves of a directory what this layer has put there. Returns whether that is anything. */
function keepOwn({ children }: DirectoryNode, own: ReadonlySet<TreeNode>): boolean {
  for (const [name, child] of children) {
    const keeps = child.kind === "directory" && keepOwn(child, own);
    if (!keeps && !own.has(child)) children.delete(name);
  }
  return children.size > 0;
}

/** The archive, unpacked as it is read. */
async function* unpacked(file: string, mediaType: string): AsyncGenerator<Uint8Array> {
  const unpack = mediaType.endsWith("gzip")
    ? createGunzip()
    : mediaType.endsWith("zstd")
    ? createZstdDecompress()
    : undefined;
  const source = createReadStream(file);
  // An error of either destroys both, and comes out of the loop below.
  const stream = unpack === undefined ? source : pipeline(source, unpack, () => {});
  try {
    for await (const piece of stream) yield piece as Uint8Array;
  } catch (error) {
    // What reading the file says has an errno's name; all else is the decompressor's.
    const reading = error instanceof Error && "code" in error && /^E[A-Z0-9]+$/.test(String(error.code));
    if (!reading) throw new UserError("a layer is damaged: it cannot be unpacked", { cause: error });
    throw error;
  } finally {
    source.destroy();
  }
}
