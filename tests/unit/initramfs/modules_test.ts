import { assert, assertEquals, assertRejects } from "@std/assert";
import { dirname, join } from "@std/path";
import { zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { HostError } from "../../../src/errors.ts";
import { gzip } from "../../../src/initramfs/compression.ts";
import { loadOrder, type ModuleTree, moduleTree } from "../../../src/initramfs/modules.ts";
import { fakeModule } from "./fake_module.ts";

/** A tree in memory: name → [depends, softdep]. */
function tree(modules: Record<string, readonly [depends: string, softdep?: string]>, builtin: string[] = []) {
  const fake: ModuleTree = {
    builtin: new Set(builtin),
    files: new Map(Object.keys(modules).map((name) => [name, name])),
    read(file) {
      const [depends, softdep] = modules[file]!;
      return Promise.resolve(fakeModule([`depends=${depends}`, ...(softdep ? [`softdep=${softdep}`] : [])]));
    },
  };
  return fake;
}

async function order(from: ModuleTree, wanted: string[]): Promise<string[]> {
  return (await loadOrder(from, wanted)).modules.map(({ name }) => name);
}

Deno.test("initramfs/modules: dependencies come first, each once, built-in ones not at all", async () => {
  const from = tree({
    kvm_amd: ["kvm,ccp"],
    kvm: ["irqbypass"],
    ccp: ["rng_core"],
    irqbypass: [""],
    tun: [""],
  }, ["rng_core"]);
  assertEquals(await order(from, ["kvm-amd", "tun", "kvm"]), ["irqbypass", "kvm", "ccp", "kvm_amd", "tun"]);
});

Deno.test("initramfs/modules: soft dependencies count where they are modules; aliases and cycles do no harm", async () => {
  const from = tree({ ext4: ["crc16", "pre: crypto-crc32c crc32c"], crc16: [""], crc32c: ["", "pre: ext4"] });
  assertEquals(await order(from, ["ext4"]), ["crc32c", "crc16", "ext4"]);
});

Deno.test("initramfs/modules: unknown names are reported, unknown dependencies are an error", async () => {
  const plan = await loadOrder(tree({ a: [""] }, ["b"]), ["nosuch", "a", "b"]);
  assertEquals([plan.missing, plan.modules.length], [["nosuch"], 1]);
  await assertRejects(() => loadOrder(tree({ a: ["gone"] }), ["a"]), HostError, "a needs gone");
});

Deno.test("initramfs/modules: in any acyclic graph every module follows what it needs", async () => {
  // Module i may need any module below it.
  const graphs = fc.array(fc.nat(), { minLength: 1, maxLength: 9 }).map((masks) =>
    masks.map((mask, i) => Array.from({ length: i }, (_, j) => j).filter((j) => mask >> j & 1))
  );
  await fc.assert(fc.asyncProperty(graphs, fc.nat(), async (graph, pick) => {
    const from = tree(
      Object.fromEntries(graph.map((needs, i) => [`m${i}`, [needs.map((j) => `m${j}`).join(",")]])),
    );
    const loaded = await order(from, [`m${pick % graph.length}`]);
    assertEquals(new Set(loaded).size, loaded.length);
    assertEquals(loaded.at(-1), `m${pick % graph.length}`);
    loaded.forEach((name, position) => {
      for (const j of graph[Number(name.slice(1))]!) assert(loaded.indexOf(`m${j}`) < position, `${loaded}`);
    });
  }));
});

Deno.test("initramfs/modules: a directory's index is read, and modules however they are packed", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const put = async (path: string, data: Uint8Array | string) => {
      await Deno.mkdir(dirname(join(directory, path)), { recursive: true });
      await Deno.writeFile(
        join(directory, path),
        typeof data === "string" ? new TextEncoder().encode(data) : data,
      );
    };
    await put("modules.builtin", "kernel/lib/rng-core.ko\n");
    await put(
      "modules.order",
      "kernel/a/plain.ko\nkernel/b/zst-packed.ko\nkernel/b/gz_packed.ko\nkernel/gone.ko\n",
    );
    await put("kernel/a/plain.ko", fakeModule({ depends: "zst_packed,rng_core" }));
    await put("kernel/b/zst-packed.ko.zst", zstdCompressSync(fakeModule({ depends: "gz_packed" })));
    await put("kernel/b/gz_packed.ko.gz", await gzip(fakeModule({ depends: "" })));
    const from = await moduleTree(directory);
    const { modules } = await loadOrder(from, ["plain"]);
    assertEquals(modules.map(({ name }) => name), ["gz_packed", "zst_packed", "plain"]);
    assertEquals(modules[1]!.data, fakeModule({ depends: "gz_packed" }));
    await assertRejects(() => loadOrder(from, ["gone"]), HostError, "not on the disk");
    await assertRejects(() => moduleTree(join(directory, "nosuch")), HostError, "modules.order");
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
