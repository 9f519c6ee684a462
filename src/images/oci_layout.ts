/**
 * A container image on disk: the OCI image layout, as a directory or in a tar archive (OCI image specification 1.1,
 * image-layout.md, image-index.md, manifest.md, config.md). Docker's own media types name the same things.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { join } from "@std/path";
import { UserError } from "../errors.ts";
import type { ContentStore, StoredContent } from "./content_store.ts";
import { readTar } from "./tar.ts";

/** A reference to a blob (descriptor.md). */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** How the image's program is to be started (config.md, config). */
export interface OciConfig {
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  /** `NAME=VALUE` each. */
  readonly environment: readonly string[];
  readonly directory: string;
  /** `user`, `user:group`, by names or numbers; empty for root. */
  readonly user: string;
}

/** An image of one platform. */
export interface OciImage {
  /** Of the manifest: it names the whole content. */
  readonly digest: string;
  readonly config: OciConfig;
  /** From the lowest to the highest. */
  readonly layers: readonly Descriptor[];
}

const PLATFORM = { os: "linux", architecture: "amd64" } as const;
/** Most bytes of a JSON document: they are read into memory. */
const MAX_JSON = 4 << 20;
/** Indexes may point to indexes. */
const MAX_DEPTH = 4;
const DIGEST = /^sha256:([0-9a-f]{64})$/;
const HASHED_AT_ONCE = 1 << 20;

/** Blobs by digest. Nothing that a document says becomes part of a path, but a digest's 64 hexadecimal digits. */
export class OciLayout {
  readonly #index: string;

  private constructor(
    readonly path: string,
    index: string,
    private readonly blobs: (hex: string) => string | undefined,
  ) {
    this.#index = index;
  }

  /** Opens a layout's directory. Throws UserError if it is none. */
  static async directory(path: string): Promise<OciLayout> {
    const index = await readable(join(path, "index.json"), path);
    return new OciLayout(path, index, (hex) => join(path, "blobs", "sha256", hex));
  }

  /** Opens a tar archive of a layout; its blobs go to the store. Throws UserError if it is none. */
  static async archive(path: string, store: ContentStore): Promise<OciLayout> {
    let file: Deno.FsFile;
    try {
      file = await Deno.open(path);
    } catch (error) {
      throw cannotRead(path, error);
    }
    const blobs = new Map<string, string>();
    let index: StoredContent | undefined;
    for await (const entry of readTar(file.readable)) {
      const name = entry.path.replace(/^(\.\/)+/, "");
      const hex = /^blobs\/sha256\/([0-9a-f]{64})$/.exec(name)?.[1];
      if (entry.kind !== "file") continue;
      if (hex !== undefined) blobs.set(hex, (await store.write(entry.content())).source);
      else if (name === "index.json") index = await store.write(entry.content());
    }
    if (index === undefined) throw noLayout(path, "it has no index.json");
    return new OciLayout(path, await readable(index.source, path), (hex) => blobs.get(hex));
  }

  /**
   * The image for this machine's platform.
   *
   * @throws {UserError} if there is none, or several.
   */
  async image(): Promise<OciImage> {
    const found = await this.#manifests(this.#parse(this.#index, "index.json"), 0);
    const [first, ...others] = found;
    if (first === undefined) {
      throw noLayout(this.path, `it has no image for ${PLATFORM.os}/${PLATFORM.architecture}`);
    }
    if (others.some(({ digest }) => digest !== first.digest)) {
      throw noLayout(
        this.path,
        `it has ${found.length} images for ${PLATFORM.os}/${PLATFORM.architecture}: which one?`,
      );
    }
    const manifest = await this.#json(first);
    const layers = Array.isArray(manifest["layers"])
      ? manifest["layers"].map((layer) => this.#descriptor(layer))
      : [];
    const config = await this.#json(this.#descriptor(manifest["config"]));
    if (config["os"] !== PLATFORM.os || config["architecture"] !== PLATFORM.architecture) {
      throw noLayout(
        this.path,
        `its image is for ${config["os"]}/${config["architecture"]}, not for this machine`,
      );
    }
    return { digest: first.digest, config: this.#config(config["config"] ?? {}), layers };
  }

  /**
   * The file of a blob.
   *
   * @throws {UserError} if it is missing, or not what its digest says.
   */
  async blob({ digest, size }: Descriptor): Promise<string> {
    const hex = DIGEST.exec(digest)?.[1];
    if (hex === undefined) throw noLayout(this.path, `${JSON.stringify(digest)} is no sha256 digest`);
    const path = this.blobs(hex);
    if (path === undefined) throw noLayout(this.path, `the blob ${digest} is missing`);
    try {
      using file = await Deno.open(path);
      const hash = createHash("sha256");
      const piece = new Uint8Array(HASHED_AT_ONCE);
      let total = 0;
      for (let count; (count = await file.read(piece)) !== null;) {
        hash.update(piece.subarray(0, count));
        total += count;
      }
      if (total === size && hash.digest("hex") === hex) return path;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) throw noLayout(this.path, `the blob ${digest} is missing`);
      throw error;
    }
    throw noLayout(this.path, `the blob ${digest} is damaged`);
  }

  async #manifests(index: Json, depth: number): Promise<Descriptor[]> {
    if (depth > MAX_DEPTH) throw noLayout(this.path, "its indexes go on and on");
    const found: Descriptor[] = [];
    for (const entry of Array.isArray(index["manifests"]) ? index["manifests"] as unknown[] : []) {
      const descriptor = this.#descriptor(entry);
      if (/index|manifest\.list/.test(descriptor.mediaType)) {
        found.push(...await this.#manifests(await this.#json(descriptor), depth + 1));
      } else if (fits((entry as Json)["platform"])) found.push(descriptor);
    }
    return found;
  }

  async #json(descriptor: Descriptor): Promise<Json> {
    if (descriptor.size > MAX_JSON) {
      throw noLayout(this.path, `the document ${descriptor.digest} is too large`);
    }
    return this.#parse(await Deno.readTextFile(await this.blob(descriptor)), descriptor.digest);
  }

  #parse(text: string, what: string): Json {
    try {
      const value: unknown = JSON.parse(text);
      if (typeof value === "object" && value !== null) return value as Json;
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
    throw noLayout(this.path, `${what} is no JSON object`);
  }

  #descriptor(value: unknown): Descriptor {
    const { mediaType, digest, size } = (value ?? {}) as Json;
    if (typeof mediaType === "string" && typeof digest === "string" && Number.isSafeInteger(size)) {
      return { mediaType, digest, size: size as number };
    }
    throw noLayout(this.path, "a descriptor in it lacks its mediaType, digest or size");
  }

  #config(value: unknown): OciConfig {
    const config = value as Json;
    const words = (key: string): string[] => {
      const list = config[key] ?? [];
      if (Array.isArray(list) && list.every((word) => typeof word === "string" && !word.includes("\0"))) {
        return list;
      }
      throw noLayout(this.path, `${key} in its configuration is no list of words`);
    };
    const word = (key: string) => typeof config[key] === "string" ? config[key] : "";
    return {
      entrypoint: words("Entrypoint"),
      command: words("Cmd"),
      environment: words("Env"),
      directory: word("WorkingDir") || "/",
      user: word("User"),
    };
  }
}

type Json = Readonly<Record<string, unknown>>;

/** An image without a platform is taken: its configuration says what it is for. */
function fits(platform: unknown): boolean {
  if (platform === undefined) return true;
  const { os, architecture } = (platform ?? {}) as Json;
  return os === PLATFORM.os && architecture === PLATFORM.architecture;
}

async function readable(file: string, path: string): Promise<string> {
  try {
    if ((await Deno.stat(file)).size > MAX_JSON) throw noLayout(path, "its index.json is too large");
    return await Deno.readTextFile(file);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw cannotRead(path, error);
  }
}

function cannotRead(path: string, error: unknown): UserError {
  const absent = error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory;
  return noLayout(
    path,
    absent ? "there is no index.json" : String(error instanceof Error ? error.message : error),
    error,
  );
}

function noLayout(path: string, why: string, cause?: unknown): UserError {
  return new UserError(`${path} cannot be used as an OCI image: ${why}`, {
    hint: "A layout is made, for example, by skopeo copy docker://IMAGE oci:DIRECTORY (or oci-archive:FILE).",
    ...(cause === undefined ? {} : { cause }),
  });
}
