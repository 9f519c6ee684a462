/**
 * A temporary place to build images in, and container images made by hand.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { join } from "@std/path";
import { ContentStore } from "../../../src/images/content_store.ts";
import { FileTree } from "../../../src/images/file_tree.ts";

/** A directory of its own, gone in the end. */
export async function inPlace(work: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "denovisor-images-" });
  try {
    await work(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** An empty tree with a store. */
export async function emptyTree(
  directory: string,
  limit = 1 << 20,
): Promise<{ tree: FileTree; store: ContentStore }> {
  const content = join(directory, "content");
  await Deno.mkdir(content);
  return { tree: new FileTree(), store: new ContentStore(content, limit) };
}

/** All of a tree: `path` → kind, target or content. */
export async function contents(tree: FileTree): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const [path, node] of tree.walk()) {
    found[path] = node.kind === "file"
      ? await Deno.readTextFile(node.source)
      : node.kind === "symlink"
      ? `→ ${node.target}`
      : node.kind;
  }
  return found;
}

/** How layers are packed. */
export type Packing = "" | "+gzip" | "+zstd";

/** What {@linkcode writeLayout} writes beside the layers. */
export interface LayoutOptions {
  readonly packing?: Packing;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly architecture?: string;
  /** Descriptors in the index are given these. */
  readonly platform?: Readonly<Record<string, string>>;
  /** Indexes around the manifest. */
  readonly nesting?: number;
}

const TYPE = "application/vnd.oci.image";

/** Writes an OCI image layout, and returns the digests of its layers. */
export async function writeLayout(
  directory: string,
  layers: readonly Uint8Array[],
  options: LayoutOptions = {},
): Promise<string[]> {
  const { packing = "+gzip", config = {}, architecture = "amd64", platform, nesting = 0 } = options;
  await Deno.mkdir(join(directory, "blobs", "sha256"), { recursive: true });
  const put = async (mediaType: string, content: Uint8Array | object) => {
    const bytes = content instanceof Uint8Array ? content : new TextEncoder().encode(JSON.stringify(content));
    const hex = createHash("sha256").update(bytes).digest("hex");
    await Deno.writeFile(join(directory, "blobs", "sha256", hex), bytes);
    return { mediaType: `${TYPE}.${mediaType}`, digest: `sha256:${hex}`, size: bytes.length };
  };
  const pack = { "": (bytes: Uint8Array) => bytes, "+gzip": gzipSync, "+zstd": zstdCompressSync }[packing];
  const descriptors = [];
  for (const layer of layers) {
    descriptors.push(await put(`layer.v1.tar${packing}`, new Uint8Array(pack(layer))));
  }
  const manifest = await put("manifest.v1+json", {
    schemaVersion: 2,
    config: await put("config.v1+json", { os: "linux", architecture, config }),
    layers: descriptors,
  });
  let top: object = { ...manifest, ...(platform === undefined ? {} : { platform }) };
  for (let i = 0; i < nesting; i++) {
    top = await put("index.v1+json", { schemaVersion: 2, manifests: [top] });
  }
  await Deno.writeTextFile(join(directory, "oci-layout"), `{"imageLayoutVersion":"1.0.0"}`);
  await Deno.writeTextFile(
    join(directory, "index.json"),
    JSON.stringify({ schemaVersion: 2, manifests: [top] }),
  );
  return descriptors.map(({ digest }) => digest);
}
