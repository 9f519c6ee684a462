/**
 * The images that this user has: one directory each in the cache, which appears whole or not at all.
 *
 * @module
 */

import { join } from "@std/path";
import { cacheDirectory, exists, withLock } from "../debian/cache.ts";
import { type Progress, silent } from "../debian/progress.ts";
import { UserError } from "../errors.ts";
import { holdDisk } from "./disk_file.ts";

/** What is noted of an image in its `image.json`. */
export interface ImageNote {
  readonly kind: "debian" | "oci";
  /** The operating system's own name, such as `Debian GNU/Linux 12 (bookworm)`. */
  readonly system: string;
  /** The kernel's release, as `uname -r` says it. */
  readonly release: string;
  /** What the kernel is to be told. */
  readonly commandLine: string;
  /** When it was built: ISO 8601. */
  readonly built: string;
  /** What it was built from: a second build with the same is this image. */
  readonly inputs: Readonly<Record<string, string>>;
  /** File name of a private key that opens it by ssh, made with the image. */
  readonly sshKey?: string;
}

/** All that it takes to run an image. */
export interface ImageFiles extends ImageNote {
  readonly name: string;
  readonly directory: string;
  /** The root disk: raw, sparse, one ext4 file system. */
  readonly disk: string;
  /** A bzImage. */
  readonly kernel: string;
  readonly initrd: string;
  /** Path of the private key. */
  readonly sshKey?: string;
}

/** Names of files in an image's directory. */
export const FILES = { disk: "disk.raw", kernel: "vmlinuz", initrd: "initrd", note: "image.json" } as const;

/** Where images are; for tests. */
export interface StoreOptions {
  /** Default: {@linkcode cacheDirectory}. */
  readonly cache?: string;
}

/** How an image comes to be. */
export interface BuildOptions extends StoreOptions {
  readonly name: string;
  /** Replace an image of that name. */
  readonly rebuild: boolean;
  readonly progress?: Progress;
  /** Ends the work; nothing is left behind. */
  readonly signal?: AbortSignal;
}

/** Longest name of an image: it goes into file names beside others. */
const MAX_NAME = 64;

/** The directory that images are in; may be absent. */
export function imagesDirectory({ cache }: StoreOptions = {}): string {
  return join(cache ?? cacheDirectory(), "images");
}

/** Throws UserError unless a name can be an image's. */
export function checkName(name: string): void {
  if (/^[a-z0-9][a-z0-9._-]*$/.test(name) && name.length <= MAX_NAME) return;
  throw new UserError(`name: ${JSON.stringify(name)} is no name for an image`, {
    field: "name",
    hint:
      `A name has a–z, 0–9, dots, dashes and underscores, begins with a letter or a digit, and has at most ${MAX_NAME} characters.`,
  });
}

/**
 * The image of a name, with what it takes to run it.
 *
 * @returns undefined if there is none, or the word cannot be a name.
 * @throws {UserError} if its directory is damaged.
 */
export async function findImage(name: string, options: StoreOptions = {}): Promise<ImageFiles | undefined> {
  if (!/^[a-z0-9]/.test(name) || name.includes("/")) return undefined;
  const directory = join(imagesDirectory(options), name);
  if (!await exists(directory)) return undefined;
  const at = (file: string) => join(directory, file);
  let note: ImageNote;
  try {
    note = JSON.parse(await Deno.readTextFile(at(FILES.note))) as ImageNote;
    for (const file of [FILES.disk, FILES.kernel, FILES.initrd]) await Deno.stat(at(file));
    if (typeof note.commandLine !== "string") throw new SyntaxError(`${FILES.note} has no commandLine`);
  } catch (error) {
    const damaged = error instanceof SyntaxError || error instanceof Deno.errors.NotFound ||
      error instanceof Deno.errors.NotADirectory;
    if (!damaged) throw error;
    throw new UserError(`the image ${name} is damaged: ${error.message}`, {
      hint: `Remove it by denovisor image rm ${name}, or build it again with --rebuild.`,
      cause: error,
    });
  }
  const { sshKey, ...rest } = note;
  return {
    ...rest,
    name,
    directory,
    disk: at(FILES.disk),
    kernel: at(FILES.kernel),
    initrd: at(FILES.initrd),
    ...(sshKey === undefined ? {} : { sshKey: at(sshKey) }),
  };
}

/** Names of all images, sorted. */
export async function imageNames(options: StoreOptions = {}): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { name, isDirectory } of Deno.readDir(imagesDirectory(options))) {
      if (isDirectory && !name.startsWith(".")) names.push(name);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return names.sort();
}

/**
 * The image of a name and of some inputs, built if it is not there. Of several runs at once, one builds and the
 * others wait for it.
 *
 * @param fill Puts the files into an empty directory and returns the note.
 * @throws {UserError} if there is an image of that name from other inputs.
 */
export async function buildImage(
  { name, rebuild, progress = silent, signal, ...options }: BuildOptions,
  inputs: ImageNote["inputs"],
  fill: (directory: string) => Promise<Omit<ImageNote, "inputs" | "built">>,
): Promise<{ image: ImageFiles; built: boolean }> {
  checkName(name);
  const root = imagesDirectory(options);
  const place = join(root, name);
  let built = false;
  await withLock(join(root, `.${name}.lock`), progress, async () => {
    if (!rebuild && await exists(place)) return checkInputs(await findImage(name, options), inputs);
    // We hold the lock, so whoever left such a directory is dead.
    await removeParts(root, name);
    const part = await Deno.makeTempDir({ dir: root, prefix: partPrefix(name) });
    try {
      const note: ImageNote = { ...await fill(part), built: new Date().toISOString(), inputs };
      await Deno.writeTextFile(join(part, FILES.note), `${JSON.stringify(note, undefined, 2)}\n`);
      await Deno.chmod(part, 0o755);
      signal?.throwIfAborted();
      if (await exists(place)) await Deno.rename(place, `${part}-old`); // a machine that runs from it keeps its file
      await Deno.rename(part, place);
      built = true;
    } finally {
      await removeParts(root, name);
    }
  });
  const image = await findImage(name, options);
  if (image === undefined) throw new UserError(`the image ${name} was removed while it was being built`);
  return { image, built };
}

/** Removes an image, whatever state it is in. Throws UserError if there is none, or a machine runs from it. */
export async function removeImage(name: string, options: StoreOptions = {}): Promise<void> {
  checkName(name);
  const root = imagesDirectory(options);
  const place = join(root, name);
  if (!await exists(place)) throw await noSuchImage(name, options);
  await withLock(join(root, `.${name}.lock`), silent, async () => {
    const disk = join(place, FILES.disk);
    using _held = await exists(disk) ? holdDisk(disk) : undefined;
    // By a name that is no image's, so that a removal cut short leaves no half of one.
    const part = await Deno.makeTempDir({ dir: root, prefix: partPrefix(name) });
    await Deno.rename(place, join(part, name));
    await removeParts(root, name);
  });
}

/** The error for a name that no image has. */
export async function noSuchImage(name: string, options: StoreOptions = {}): Promise<UserError> {
  const names = await imageNames(options);
  return new UserError(`there is no image ${JSON.stringify(name)}`, {
    hint: names.length === 0 ? "Build one: denovisor image build debian" : `There are ${names.join(", ")}.`,
  });
}

function partPrefix(name: string): string {
  return `.${name}.part-`;
}

async function removeParts(root: string, name: string): Promise<void> {
  for await (const entry of Deno.readDir(root)) {
    if (entry.name.startsWith(partPrefix(name))) {
      await Deno.remove(join(root, entry.name), { recursive: true });
    }
  }
}

function checkInputs(image: ImageFiles | undefined, inputs: ImageNote["inputs"]): void {
  const keys = Object.keys({ ...image?.inputs, ...inputs });
  const different = keys.filter((key) => image?.inputs[key] !== inputs[key]);
  if (image === undefined || different.length === 0) return;
  throw new UserError(`there is an image ${image.name} already, built with another ${different.join(", ")}`, {
    field: "name",
    hint: "Give this one another --name, or replace the old one, and all that is on its disk, by --rebuild.",
  });
}
