/**
 * From the members of a tar archive to nodes of a tree.
 *
 * @module
 */

import type { ContentStore } from "./content_store.ts";
import type { Attributes, FileTree, TreeNode } from "./file_tree.ts";
import { readTar, type TarEntry } from "./tar.ts";
import { TarError } from "./tar_header.ts";

/** Most members of one archive; a root file system has some ten thousand. */
const MAX_MEMBERS = 4_000_000;

/**
 * Puts all members of an archive into a tree.
 *
 * @param instead Called for each member before anything is done; true if it has taken care of it.
 * @param placed Told of each node that came into the tree.
 * @throws {TarError} if the archive is damaged; {@linkcode UserError} if a path leads out of the tree.
 */
export async function readArchive(
  stream: AsyncIterable<Uint8Array>,
  tree: FileTree,
  store: ContentStore,
  { instead = () => false, placed = () => {} }: {
    readonly instead?: (entry: TarEntry) => boolean;
    readonly placed?: (node: TreeNode) => void;
  } = {},
): Promise<void> {
  let members = 0;
  for await (const entry of readTar(stream)) {
    if (++members > MAX_MEMBERS) throw new TarError(`the archive has more than ${MAX_MEMBERS} members`);
    if (instead(entry)) continue;
    placed(
      entry.kind === "hardlink"
        ? tree.link(entry.path, entry.linkTarget)
        : tree.put(entry.path, await toNode(entry, entry.kind, store)),
    );
  }
}

async function toNode(
  entry: TarEntry,
  kind: Exclude<TarEntry["kind"], "hardlink">,
  store: ContentStore,
): Promise<TreeNode> {
  const { mode, uid, gid, mtime, xattrs } = entry;
  const attributes: Attributes = { mode, uid, gid, mtime, ...(xattrs.size === 0 ? {} : { xattrs }) };
  switch (kind) {
    case "file":
      return { ...attributes, kind, ...await store.write(entry.content()) };
    case "directory":
      return { ...attributes, kind, children: new Map() };
    case "symlink":
      return { ...attributes, kind, target: entry.linkTarget };
    case "char":
    case "block":
      return { ...attributes, kind, major: entry.major, minor: entry.minor };
    case "fifo":
      return { ...attributes, kind };
  }
}
