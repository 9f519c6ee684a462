/**
 * A root file system as a tree in memory, before it is put on a disk. Contents of files lie in a store beside it.
 *
 * Paths are resolved within the tree alone, symlinks included: nothing that an archive names can reach a file of
 * the host.
 *
 * @module
 */

import { UserError } from "../errors.ts";

/** What every node has. */
export interface Attributes {
  /** Permission bits with setuid, setgid and sticky. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds since 1970. */
  readonly mtime: number;
  readonly xattrs?: ReadonlyMap<string, Uint8Array>;
}

/** A directory; its children may change, itself is replaced. */
export interface DirectoryNode extends Attributes {
  readonly kind: "directory";
  readonly children: Map<string, TreeNode>;
}

/** A regular file. The same object under two names is a hard link. */
export interface FileNode extends Attributes {
  readonly kind: "file";
  /** The host's file with the content. */
  readonly source: string;
  /** Bytes. */
  readonly size: number;
}

/** Anything in the tree. */
export type TreeNode =
  | DirectoryNode
  | FileNode
  | Attributes & { readonly kind: "symlink"; readonly target: string }
  | Attributes & { readonly kind: "char" | "block"; readonly major: number; readonly minor: number }
  | Attributes & { readonly kind: "fifo" };

/** What was not said: root's, not executable, of 1970. */
export const ROOT_OWNED = { mode: 0o644, uid: 0, gid: 0, mtime: 0 } as const satisfies Attributes;

/** Symlinks followed for one path, as in Linux (include/linux/namei.h, MAXSYMLINKS). */
const MAX_SYMLINKS = 40;
/** Linux's longest name (uapi/linux/limits.h, NAME_MAX). */
const NAME_MAX = 255;

/** The tree; `/` is there from the beginning. */
export class FileTree {
  #root: DirectoryNode = { ...ROOT_OWNED, kind: "directory", mode: 0o755, children: new Map() };

  /**
   * What is at a path; a symlink at its end is not followed.
   *
   * @returns undefined if there is nothing.
   */
  lookup(path: string): TreeNode | undefined {
    const names = namesOf(path);
    const last = names.pop();
    if (last === undefined) return this.#root;
    return this.#directory(names, false)?.children.get(last);
  }

  /** The same, where a symlink at the end is followed too. */
  follow(path: string): TreeNode | undefined {
    return this.#resolve(namesOf(path));
  }

  /**
   * Puts a node at a path, with the directories above it. It replaces what is there; a directory put over a
   * directory keeps the children.
   *
   * @returns The node as it is in the tree: of a directory, not the one given.
   */
  put(path: string, node: TreeNode): TreeNode {
    const names = namesOf(path);
    const last = names.pop();
    if (last === undefined) {
      if (node.kind !== "directory") throw new UserError(`${JSON.stringify(path)} would replace the root`);
      return this.#root = { ...node, children: this.#root.children };
    }
    const { children } = this.#directory(names, true);
    const old = children.get(last);
    const merges = node.kind === "directory" && old?.kind === "directory";
    const placed = merges ? { ...node, children: old.children } : node;
    children.set(last, placed);
    return placed;
  }

  /** Gives what is at `target` a second name. */
  link(path: string, target: string): TreeNode {
    const node = this.lookup(target);
    if (node === undefined || node.kind === "directory") {
      throw new UserError(
        `${JSON.stringify(path)} is a hard link to ${JSON.stringify(target)}, which is no file`,
      );
    }
    return this.put(path, node);
  }

  /** Removes what is at a path, with all below. Nothing there is no error. */
  remove(path: string): void {
    const names = namesOf(path);
    const last = names.pop();
    if (last !== undefined) this.#directory(names, false)?.children.delete(last);
  }

  /** Names in a directory; none where there is no directory. */
  list(path: string): string[] {
    const directory = this.follow(path);
    return directory?.kind === "directory" ? [...directory.children.keys()] : [];
  }

  /** All nodes below the root with their paths (no leading slash), each directory before what is in it. */
  *walk(): Generator<readonly [path: string, node: TreeNode]> {
    const stack: (readonly [string, DirectoryNode])[] = [["", this.#root]];
    for (let top; (top = stack.pop()) !== undefined;) {
      for (const [name, node] of top[1].children) {
        const path = `${top[0]}${name}`;
        yield [path, node];
        if (node.kind === "directory") stack.push([`${path}/`, node]);
      }
    }
  }

  /** The root directory's own attributes. */
  get root(): Attributes {
    return this.#root;
  }

  #directory(names: readonly string[], make: true): DirectoryNode;
  #directory(names: readonly string[], make: boolean): DirectoryNode | undefined;
  #directory(names: readonly string[], make: boolean): DirectoryNode | undefined {
    const node = this.#resolve(names, make);
    if (node?.kind === "directory") return node;
    if (!make) return undefined;
    throw new UserError(`${JSON.stringify(names.join("/"))} is needed as a directory, and is none`);
  }

  /** Walks from the root, following symlinks; `..` never leads above the root. */
  #resolve(names: readonly string[], make = false): TreeNode | undefined {
    const todo = [...names].reverse();
    const above: DirectoryNode[] = [];
    let here = this.#root;
    let symlinks = 0;
    for (let name; (name = todo.pop()) !== undefined;) {
      if (name === "..") {
        here = above.pop() ?? this.#root;
        continue;
      }
      let child = here.children.get(name);
      if (child === undefined && make) {
        child = { ...ROOT_OWNED, kind: "directory", mode: 0o755, children: new Map() };
        here.children.set(name, child);
      }
      if (child?.kind === "symlink") {
        if (++symlinks > MAX_SYMLINKS) {
          throw new UserError(`${JSON.stringify(names.join("/"))}: symlinks go in a circle`);
        }
        if (child.target.startsWith("/")) {
          above.length = 0;
          here = this.#root;
        }
        todo.push(...parts(child.target).reverse());
      } else if (child?.kind === "directory") {
        above.push(here);
        here = child;
      } else {
        return todo.length === 0 ? child : undefined;
      }
    }
    return here;
  }
}

/**
 * The names along a path; a leading slash and `.` mean nothing.
 *
 * @throws {UserError} if the path has `..` in it, or a name that no Linux file system takes.
 */
function namesOf(path: string): string[] {
  const names = parts(path);
  for (const name of names) {
    if (name === "..") throw new UserError(`the path ${JSON.stringify(path)} leads upwards`);
    // A line break would end a command of debugfs, through which attributes are set; see ext4.ts.
    if (/[\0\n\r]/.test(name) || new TextEncoder().encode(name).length > NAME_MAX) {
      throw new UserError(`the name ${JSON.stringify(name)} cannot be carried over to a disk`);
    }
  }
  return names;
}

function parts(path: string): string[] {
  return path.split("/").filter((part) => part !== "" && part !== ".");
}
