/**
 * The project's cache: directories that appear whole or not at all.
 *
 * @module
 */

import { basename, dirname, join } from "@std/path";
import { UserError } from "../errors.ts";
import { type Progress, silent } from "./progress.ts";

/** After this long, a person is told what the wait is for. */
const PATIENCE_MS = 1000;

/**
 * Where downloads and unpacked packages are kept: `$DENOVISOR_CACHE`, else `$XDG_CACHE_HOME/denovisor`, else
 * `~/.cache/denovisor`. Nothing in it is precious.
 *
 * @throws {UserError} if none of the three variables is set.
 */
export function cacheDirectory(env: { get(name: string): string | undefined } = Deno.env): string {
  const own = env.get("DENOVISOR_CACHE");
  if (own) return own;
  const shared = env.get("XDG_CACHE_HOME");
  // The XDG base directory specification says to ignore relative paths.
  if (shared?.startsWith("/")) return join(shared, "denovisor");
  const home = env.get("HOME");
  if (home) return join(home, ".cache", "denovisor");
  throw new UserError("there is no place for a cache: HOME is not set", {
    hint: "Set DENOVISOR_CACHE to a directory that may be written to.",
  });
}

/** Whether there is anything at a path. */
export async function exists(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/**
 * Gives a cached directory, made first if need be.
 *
 * `build` fills a temporary directory beside it, which is renamed when complete: a run that is killed leaves
 * nothing that a later one takes for whole. Of several runs at once, one builds and the others wait for it; the
 * kernel frees the lock of a run that dies.
 *
 * @param path The directory; its last part names the content, version included.
 * @param build Fills the directory that it is given.
 */
export async function cachedDirectory(
  path: string,
  build: (directory: string) => Promise<void>,
  progress: Progress = silent,
): Promise<string> {
  if (await exists(path)) return path;
  await withLock(`${path}.lock`, progress, async () => {
    if (await exists(path)) return;
    // We hold the lock, so whoever left such a directory is dead.
    await removeMatching(dirname(path), `${basename(path)}.part-`);
    const part = await Deno.makeTempDir({ dir: dirname(path), prefix: `${basename(path)}.part-` });
    try {
      await build(part);
      await Deno.chmod(part, 0o755);
      await Deno.rename(part, path);
    } finally {
      await Deno.remove(part, { recursive: true }).catch(() => {});
    }
  });
  return path;
}

/** Writes a file so that a reader sees the old content or the new, never a part. */
export async function writeWhole(path: string, data: Uint8Array | string): Promise<void> {
  const part = await Deno.makeTempFile({ dir: dirname(path), prefix: `${basename(path)}.part-` });
  try {
    await (typeof data === "string" ? Deno.writeTextFile(part, data) : Deno.writeFile(part, data));
    await Deno.chmod(part, 0o644);
    await Deno.rename(part, path);
  } catch (error) {
    await Deno.remove(part).catch(() => {});
    throw error;
  }
}

/** Runs `work` while this process alone holds the lock file. */
export async function withLock(path: string, progress: Progress, work: () => Promise<void>): Promise<void> {
  await Deno.mkdir(dirname(path), { recursive: true });
  using file = await Deno.open(path, { create: true, write: true });
  const timer = setTimeout(() => progress.step("waiting for another run to fill the cache"), PATIENCE_MS);
  try {
    await file.lock(true);
  } finally {
    clearTimeout(timer);
  }
  // Closing the file frees the lock. The file itself stays: removing it would let two runs lock two files.
  await work();
}

/** Removes what a directory has under names that begin with a prefix. */
async function removeMatching(directory: string, prefix: string): Promise<void> {
  for await (const { name } of Deno.readDir(directory)) {
    if (name.startsWith(prefix)) await Deno.remove(join(directory, name), { recursive: true });
  }
}
