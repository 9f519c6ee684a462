/**
 * What a system on a disk is called.
 *
 * @module
 */

import { LABEL_BYTES } from "./ext4.ts";
import type { FileTree } from "./file_tree.ts";

/** The label of an image's file system. */
export function labelOf(name: string): string {
  return name.slice(0, LABEL_BYTES);
}

/** The name of a machine that runs an image (hostname(7)). */
export function hostnameOf(name: string): string {
  return name.replaceAll(/[^a-z0-9]+/g, "-").replace(/-$/, "");
}

/** What the system calls itself (os-release(5)); undefined if it has nothing to say. */
export async function systemName(tree: FileTree): Promise<string | undefined> {
  return /^PRETTY_NAME="?([^"\n]*)/m.exec(await textOf(tree, "/etc/os-release"))?.[1];
}

/** The text of a file in the tree; empty where there is none. */
export async function textOf(tree: FileTree, path: string): Promise<string> {
  const file = tree.follow(path);
  return file?.kind === "file" ? await Deno.readTextFile(file.source) : "";
}
