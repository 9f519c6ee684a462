/**
 * What `denovisor image` does, action by action.
 *
 * @module
 */

import { formatMemorySize } from "../config/memory_size.ts";
import {
  buildDebian,
  buildOci,
  type DebianOptions,
  findImage,
  growDisk,
  type ImageFiles,
  imageNames,
  inspectDisk,
  noSuchImage,
  type OciOptions,
  removeImage,
} from "../images/mod.ts";
import { EXIT } from "./exit_codes.ts";
import { factSheet } from "./fact_sheet.ts";
import { print, printJson, say } from "./output.ts";
import { progressOn } from "./progress.ts";
import { EndingSignals } from "./terminal/signals.ts";

/** What is built, as the flags say: a Debian has a suite. */
export type BuildRequest =
  | Omit<DebianOptions, "progress" | "signal">
  | Omit<OciOptions, "progress" | "signal">;

/** Builds an image, and ends in order when a signal says so. */
export async function build(request: BuildRequest, json: boolean): Promise<number> {
  using signals = new EndingSignals();
  const abort = new AbortController();
  let ended = 0;
  signals.first.then((signal) => {
    ended = signal;
    say("ending, and clearing up");
    abort.abort();
  });
  try {
    const options = { ...request, progress: progressOn(), signal: abort.signal };
    const { image, built } = await ("suite" in options ? buildDebian(options) : buildOci(options));
    if (json) printJson({ ...image, built: built ? image.built : false });
    else tellBuilt(image, built);
    return EXIT.OK;
  } catch (error) {
    // A terminal's Ctrl-C ends the programs that we run, too: what they say of it is no news.
    if (ended !== 0) return EXIT.SIGNAL + ended;
    throw error;
  }
}

function tellBuilt({ name, system, release, directory, sshKey }: ImageFiles, built: boolean): void {
  say(`${built ? "built" : "there already:"} ${name}: ${system}, Linux ${release}`);
  if (sshKey !== undefined) say(`root's ssh key is ${sshKey}`);
  print(directory);
}

/** Lists all images. One that is damaged is listed with what is wrong. */
export async function list(json: boolean): Promise<number> {
  const images = await Promise.all((await imageNames()).map(async (name) => {
    try {
      const image = await findImage(name);
      if (image === undefined) return { name, damaged: "it was just removed" };
      const { size, allocated } = await inspectDisk(image.disk);
      const { system, release, built, directory } = image;
      return { name, system, release, built, size, allocated, directory };
    } catch (error) {
      return { name, damaged: error instanceof Error ? error.message : String(error) };
    }
  }));
  if (json) printJson(images);
  else if (images.length === 0) say("there are no images. To build one: denovisor image build debian");
  else print(table(images.map(row), ["NAME", "SIZE", "ON DISK", "SYSTEM"]));
  return EXIT.OK;
}

function row(
  image: { name: string; damaged: string } | {
    name: string;
    system: string;
    size: number;
    allocated: number;
  },
) {
  if ("damaged" in image) return [image.name, "-", "-", image.damaged];
  return [image.name, rounded(image.size), rounded(image.allocated), image.system];
}

function table(rows: readonly string[][], head: readonly string[]): string {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((cells) => cells[column]!.length)));
  return all.map((cells) => `${cells.map((cell, i) => cell.padEnd(widths[i]!)).join("  ").trimEnd()}\n`).join(
    "",
  );
}

/** Tells all of an image, or of a disk by its path. */
export async function info(nameOrPath: string, json: boolean): Promise<number> {
  const image = await findImage(nameOrPath);
  const disk = await inspectDisk(await diskOf(nameOrPath, image));
  const facts = image === undefined ? disk : { ...image, disk };
  if (json) printJson(facts);
  else print(factSheet(readable(facts)));
  return EXIT.OK;
}

/** Removes an image. */
export async function remove(name: string): Promise<number> {
  await removeImage(name);
  say(`removed ${name}`);
  return EXIT.OK;
}

/** Enlarges a disk. */
export async function resize(nameOrPath: string, size: number, json: boolean): Promise<number> {
  const growth = await growDisk(await diskOf(nameOrPath, await findImage(nameOrPath)), size);
  if (json) printJson(growth);
  else {
    say(`${nameOrPath} has ${formatMemorySize(growth.after)} now`);
    if (!growth.fileSystemGrown) {
      say("its file system grows when the guest next mounts it (x-systemd.growfs)");
    }
  }
  return EXIT.OK;
}

/** The disk that a word means: an image's, or the file of that path. */
async function diskOf(nameOrPath: string, image: ImageFiles | undefined): Promise<string> {
  if (image !== undefined) return image.disk;
  // A word that looks like a name deserves the list of names, not a word about files.
  const isFile = await Deno.stat(nameOrPath).then(() => true, () => false);
  if (!isFile && !/[/.]/.test(nameOrPath)) throw await noSuchImage(nameOrPath);
  return nameOrPath;
}

/** Facts with amounts that a person reads. */
function readable(facts: object): object {
  const amounts = ["size", "allocated", "free"];
  return Object.fromEntries(
    Object.entries(facts).map(([key, value]) => [
      key,
      amounts.includes(key) && typeof value === "number"
        ? rounded(value)
        : typeof value === "object" && value !== null
        ? readable(value)
        : value,
    ]),
  );
}

function rounded(bytes: number): string {
  if (bytes >= 2 ** 30) return `${Number((bytes / 2 ** 30).toFixed(1))} GiB`;
  return `${Math.ceil(bytes / 2 ** 20)} MiB`;
}
