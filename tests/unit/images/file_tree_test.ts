import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { UserError } from "../../../src/errors.ts";
import { FileTree, ROOT_OWNED, type TreeNode } from "../../../src/images/file_tree.ts";

const directory = (mode = 0o755): TreeNode => ({
  ...ROOT_OWNED,
  kind: "directory",
  mode,
  children: new Map(),
});
const file = (source: string): TreeNode => ({ ...ROOT_OWNED, kind: "file", source, size: 0 });
const symlink = (target: string): TreeNode => ({ ...ROOT_OWNED, kind: "symlink", target });
const paths = (tree: FileTree) => [...tree.walk()].map(([path]) => path).sort();

Deno.test("images/file_tree: parents are made, directories merge, other things are replaced", () => {
  const tree = new FileTree();
  tree.put("./usr/bin/sh", file("1"));
  tree.put("/usr/", directory(0o700));
  assertEquals([tree.lookup("usr")!.mode, paths(tree)], [0o700, ["usr", "usr/bin", "usr/bin/sh"]]);
  tree.put("usr/bin", file("2"));
  assertEquals(paths(tree), ["usr", "usr/bin"]);
  assertThrows(() => tree.put("usr/bin/sh", file("3")), UserError, "is needed as a directory");
  tree.put(".", directory(0o711));
  assertEquals([tree.root.mode, paths(tree).length], [0o711, 2]);
});

Deno.test("images/file_tree: symlinks lead about inside the tree and never out of it", () => {
  const tree = new FileTree();
  tree.put("usr/lib", directory());
  tree.put("lib", symlink("usr/lib"));
  tree.put("a/b/up", symlink("../../../../.."));
  tree.put("lib/x", file("1"));
  tree.put("a/b/up/etc/passwd", file("2"));
  assertEquals(tree.lookup("usr/lib/x"), file("1"));
  assertEquals(tree.lookup("etc/passwd"), file("2"));
  tree.put("loop", symlink("/loop"));
  assertThrows(() => tree.put("loop/x", file("3")), UserError, "circle");
  assertThrows(() => tree.put("../x", file("4")), UserError, "upwards");
  assertThrows(() => tree.put("a/../../x", file("4")), UserError, "upwards");
  assertThrows(() => tree.put("line\nbreak", file("5")), UserError, "cannot be carried over");
  assertThrows(() => tree.put("x".repeat(256), file("5")), UserError, "cannot be carried over");
});

Deno.test("images/file_tree: a hard link is the same file; its target must be one", () => {
  const tree = new FileTree();
  tree.put("a", file("1"));
  tree.link("b/c", "a");
  assertEquals(tree.lookup("b/c") === tree.lookup("a"), true);
  assertThrows(() => tree.link("d", "missing"), UserError, "no file");
  assertThrows(() => tree.link("d", "b"), UserError, "no file");
});

Deno.test("images/file_tree: any sequence of entries leaves a tree whose parents are directories", () => {
  const path = fc.array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 4 }).map((names) =>
    names.join("/")
  );
  const node = fc.oneof(
    fc.constant(undefined),
    fc.constant(file("1")),
    fc.constant(undefined).map(() => directory()),
    fc.constantFrom("/", "..", "a", "../b/c", "/c/a", "b/../..").map(symlink),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(path, node), { maxLength: 30 }), (steps) => {
      const tree = new FileTree();
      for (const [at, what] of steps) {
        try {
          if (what === undefined) tree.remove(at);
          else tree.put(at, what);
        } catch (error) {
          if (!(error instanceof UserError)) throw error;
        }
      }
      const all = new Map(tree.walk());
      for (const found of all.keys()) {
        const above = found.split("/").slice(0, -1).join("/");
        assertEquals(above === "" || all.get(above)?.kind === "directory", true);
      }
    }),
  );
});
