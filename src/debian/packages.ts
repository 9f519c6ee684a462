/**
 * Debian packages, unpacked into the cache without being installed.
 *
 * @module
 */

import { join } from "@std/path";
import { HostError } from "../errors.ts";
import { Apt, type Candidate } from "./apt.ts";
import { cachedDirectory, cacheDirectory, exists, writeWhole } from "./cache.ts";
import { type Progress, silent } from "./progress.ts";
import { findTool, type RunTool, runTool } from "./tool.ts";

/** Where packages go and who is told; all have defaults. */
export interface PackageOptions {
  readonly progress?: Progress;
  /** Default: {@linkcode cacheDirectory}. */
  readonly cache?: string;
  /** Milliseconds since 1970; for tests. */
  readonly now?: number;
  /** For tests. */
  readonly run?: RunTool;
}

/** Some packages' content in one directory. */
export interface UnpackedPackages {
  readonly directory: string;
  /** Of the first package. */
  readonly version: string;
}

/** A note in the cache of what was last found for a purpose. */
interface Note extends UnpackedPackages {
  readonly checkedAt: number;
  /** The directory before this one, which a run started earlier may still be reading. */
  readonly previous?: string;
}

/** The package lists are asked for a newer version after this long. */
const FRESH_MS = 7 * 24 * 60 * 60 * 1000;

/** Whether this host has Debian's package manager. */
export async function hasApt(): Promise<boolean> {
  const tools = await Promise.all(["apt-get", "apt-cache", "dpkg-deb"].map(findTool));
  return tools.every((tool) => tool !== undefined);
}

/** The package manager, set up for this user. */
export function apt(options: PackageOptions = {}): Apt {
  return new Apt({
    run: options.run ?? runTool,
    progress: options.progress ?? silent,
    root: Deno.uid() === 0,
    privateDirectory: join(options.cache ?? cacheDirectory(), "apt"),
  });
}

/**
 * Gets packages and unpacks them into one cached directory.
 *
 * What the cache has is used without asking anybody for a week; then the package lists are looked at, and where
 * that fails, as it does without a network, the cached version serves on.
 *
 * @param label Names the purpose, such as "kernel".
 * @param resolve Chooses the packages; undefined if the lists lack them, upon which the lists are refreshed once.
 * @throws {HostError} if nothing is cached and the packages cannot be had.
 */
export async function unpackedPackages(
  label: string,
  resolve: (apt: Apt) => Promise<readonly Candidate[] | undefined>,
  options: PackageOptions = {},
): Promise<UnpackedPackages> {
  const root = join(options.cache ?? cacheDirectory(), "debian");
  const now = options.now ?? Date.now();
  const progress = options.progress ?? silent;
  const noteFile = join(root, `${label}.json`);
  const old = await readNote(noteFile);
  if (old !== undefined && now - old.checkedAt < FRESH_MS && old.checkedAt <= now) return old;

  let found: UnpackedPackages;
  try {
    found = await getPackages(label, root, resolve, options);
  } catch (error) {
    if (old === undefined || !(error instanceof HostError)) throw error;
    progress.step(`keeping the cached ${label} ${old.version}: ${error.message}`);
    found = old;
  }
  const previous = found.directory === old?.directory ? old.previous : old?.directory;
  const note: Note = { ...found, checkedAt: now, ...(previous === undefined ? {} : { previous }) };
  await writeWhole(noteFile, JSON.stringify(note));
  if (old?.previous !== undefined && old.previous !== note.previous && old.previous !== note.directory) {
    await Deno.remove(old.previous, { recursive: true }).catch(() => {});
  }
  return found;
}

async function getPackages(
  label: string,
  root: string,
  resolve: (apt: Apt) => Promise<readonly Candidate[] | undefined>,
  options: PackageOptions,
): Promise<UnpackedPackages> {
  const manager = apt(options);
  const attempt = async () => {
    const candidates = await resolve(manager);
    const first = candidates?.[0];
    if (candidates === undefined || first === undefined) return undefined;
    const directory = join(root, `${label}-${first.name}_${first.version.replaceAll(":", "%3a")}`);
    const build = (part: string) => unpackInto(part, manager, candidates, options);
    return { directory: await cachedDirectory(directory, build, options.progress), version: first.version };
  };

  let firstError: HostError | undefined;
  try {
    const found = await attempt();
    if (found !== undefined) return found;
  } catch (error) {
    // Old lists name files that the archive no longer has.
    if (!(error instanceof HostError)) throw error;
    firstError = error;
  }
  try {
    await manager.update();
  } catch (error) {
    throw firstError ?? error;
  }
  const found = await attempt();
  if (found === undefined) throw new HostError(`the package lists have no ${label}`);
  return found;
}

async function unpackInto(
  directory: string,
  manager: Apt,
  candidates: readonly Candidate[],
  options: PackageOptions,
): Promise<void> {
  const run = options.run ?? runTool;
  const downloads = join(directory, ".download");
  await Deno.mkdir(downloads);
  for (const candidate of candidates) {
    const file = await manager.download(candidate, downloads);
    (options.progress ?? silent).step(`unpacking ${candidate.name}`);
    const { code, stderr } = await run("dpkg-deb", ["-x", file, directory]);
    if (code !== 0) {
      throw new HostError(`dpkg-deb cannot unpack ${candidate.name} into ${directory}: ${stderr.trim()}`, {
        hint: "Is the disk full? DENOVISOR_CACHE chooses another place.",
      });
    }
  }
  await Deno.remove(downloads, { recursive: true });
}

async function readNote(path: string): Promise<Note | undefined> {
  try {
    const note = JSON.parse(await Deno.readTextFile(path)) as Partial<Note> | null;
    if (typeof note?.directory !== "string" || typeof note.version !== "string") return undefined;
    if (typeof note.checkedAt !== "number" || !await exists(note.directory)) return undefined;
    return note as Note;
  } catch (error) {
    // Absent or damaged: nothing is known, and the packages are looked for again.
    if (error instanceof Deno.errors.NotFound || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
