/**
 * Debian's package manager, as far as needed: what version is on offer, what it depends on, and its file.
 * Hosts, mirrors, proxies and signatures are the package manager's own affair.
 *
 * @module
 */

import { join } from "@std/path";
import { HostError } from "../errors.ts";
import type { Progress } from "./progress.ts";
import type { RunTool } from "./tool.ts";

/** A package that can be downloaded. */
export interface Candidate {
  readonly name: string;
  readonly version: string;
  /** Size of its file in bytes, 0 where the lists do not tell. */
  readonly size: number;
}

/** One index of packages, as sources.list(5) and the archive's Release file have it. */
export interface IndexTarget {
  /** The archive, such as `http://deb.debian.org/debian/`. */
  readonly uri: string;
  /** As the sources name it, such as `bookworm-updates`. */
  readonly release: string;
  readonly component: string;
  /** Whose archive it is, such as `Debian`. */
  readonly origin: string;
}

/** What {@linkcode Apt} needs of its surroundings. */
export interface AptOptions {
  readonly run: RunTool;
  readonly progress: Progress;
  /** Whether we may refresh the system's own package lists. */
  readonly root: boolean;
  /** For lists of our own, where the system has none and we are not root. */
  readonly privateDirectory: string;
}

/** Lists of our own are not refreshed again within this time. */
const OWN_LISTS_FRESH_MS = 60 * 60 * 1000;
/** Wait this many seconds for another package manager to finish. */
const LOCK_TIMEOUT_SECONDS = 120;

/** One run's use of the package manager. */
export class Apt {
  readonly #options: AptOptions;
  #ownLists = false;

  constructor(options: AptOptions) {
    this.#options = options;
  }

  /**
   * The version that would be installed of the package with exactly this name.
   *
   * @returns undefined if the lists do not have it.
   */
  async candidate(name: string): Promise<Candidate | undefined> {
    const { stdout } = await this.#run("apt-cache", ["show", "--no-all-versions", name]);
    // Without an exact match, apt takes the name for a regular expression, and may answer with a thousand others.
    return parseStanzas(stdout).find((candidate) => candidate.name === name);
  }

  /** Names that a package depends on, alternatives included. */
  async dependencies(name: string): Promise<string[]> {
    const { stdout } = await this.#run("apt-cache", ["depends", "--no-recommends", "--no-suggests", name]);
    return [...stdout.matchAll(/^ [ |](?:Pre)?Depends: ([^<\s]+)$/gm)].map((match) => match[1]!);
  }

  /** The package indices that the lists are made of: from which archive, of what. None before lists were fetched. */
  async indexTargets(): Promise<IndexTarget[]> {
    const format = "$(REPO_URI) $(RELEASE) $(COMPONENT) $(ORIGIN)";
    const { stdout } = await this.#run("apt-get", [
      "indextargets",
      "--format",
      format,
      "Created-By: Packages",
    ]);
    return stdout.split("\n").filter((line) => line !== "").map((line) => {
      const [uri = "", release = "", component = "", ...origin] = line.split(" ");
      return { uri, release, component, origin: origin.join(" ") };
    });
  }

  /**
   * Refreshes the package lists: the system's where we are root, else lists of our own.
   *
   * @throws {HostError} with the package manager's own words, if it cannot.
   */
  async update(): Promise<void> {
    if (!this.#options.root) {
      this.#ownLists = true;
      if (await this.#ownListsAreFresh()) return;
      // A fresh lists directory must exist; the rest of the tree apt makes itself.
      for (const directory of ["lists/partial", "archives/partial"]) {
        await Deno.mkdir(join(this.#options.privateDirectory, directory), { recursive: true });
      }
    }
    this.#options.progress.step("refreshing the package lists (apt-get update)");
    await this.#mustRun("apt-get", ["update", "-q"]);
    if (this.#ownLists) await Deno.writeTextFile(this.#stamp, "");
  }

  /**
   * Downloads a package's file into a directory.
   *
   * @returns The file's path.
   * @throws {HostError} if that fails, for example as the lists are too old.
   */
  async download(candidate: Candidate, directory: string): Promise<string> {
    const { name, version, size } = candidate;
    this.#options.progress.step(`downloading ${name} ${version}${size > 0 ? ` (${mebibytes(size)})` : ""}`);
    const args = ["download", "-qq", ...STATUS_ON_STDOUT, `${name}=${version}`];
    await this.#mustRun("apt-get", args, directory);
    for await (const entry of Deno.readDir(directory)) {
      if (entry.name.startsWith(`${name}_`) && entry.name.endsWith(".deb")) {
        return join(directory, entry.name);
      }
    }
    throw new HostError(`apt-get download ${name} succeeded, but left no file`);
  }

  /** Installs packages on this host; only for root. */
  async install(names: readonly string[]): Promise<void> {
    this.#options.progress.step(`installing ${names.join(", ")} (apt-get install)`);
    const args = ["install", "-qq", "--no-install-recommends", ...STATUS_ON_STDOUT, "--", ...names];
    await this.#mustRun("apt-get", ["-y", ...args]);
  }

  /** Whether an earlier run, or this one for another package, has just refreshed our own lists. */
  async #ownListsAreFresh(): Promise<boolean> {
    const info = await Deno.stat(this.#stamp).catch(() => undefined);
    return info?.mtime != null && Date.now() - info.mtime.getTime() < OWN_LISTS_FRESH_MS;
  }

  /** A file as old as our own lists. */
  get #stamp(): string {
    return join(this.#options.privateDirectory, "refreshed");
  }

  async #mustRun(program: string, args: readonly string[], cwd?: string): Promise<void> {
    const { code, stdout, stderr } = await this.#run(program, args, cwd);
    if (code === 0) return;
    const reasons = `${stderr}\n${stdout}`.split("\n").filter((line) => line.startsWith("E: "));
    const what = `${program} ${args.filter((arg) => !arg.startsWith("-") && !arg.includes("::")).join(" ")}`;
    throw new HostError(
      `${what} failed: ${reasons.map((line) => line.slice(3)).join("; ") || `code ${code}`}`,
      {
        hint: "Check the network and the package sources (/etc/apt).",
      },
    );
  }

  #run(program: string, args: readonly string[], cwd?: string) {
    const options = [`DPkg::Lock::Timeout=${LOCK_TIMEOUT_SECONDS}`];
    // Downloads go to directories of ours, which apt's sandbox user could not write to.
    if (this.#options.root) options.push("APT::Sandbox::User=root");
    if (this.#ownLists) {
      options.push(`Dir::State::Lists=${join(this.#options.privateDirectory, "lists")}`);
      options.push(`Dir::Cache=${this.#options.privateDirectory}`);
    }
    return this.#options.run(program, [...options.flatMap((option) => ["-o", option]), ...args], {
      ...(cwd === undefined ? {} : { cwd }),
      onLine: (line) => {
        const percent = statusPercent(line);
        if (percent !== undefined) this.#options.progress.fraction(percent / 100);
      },
    });
  }
}

/** Makes apt print machine-readable progress (apt's doc/progress-reporting.md). */
const STATUS_ON_STDOUT = ["-o", "APT::Status-Fd=1"];

/** "dlstatus:1:40.2:Retrieving file…" → 40.2; undefined for other lines. */
export function statusPercent(line: string): number | undefined {
  const match = /^(?:dl|pm)status:[^:]*:(\d+(?:\.\d+)?):/.exec(line);
  return match ? Math.min(Number(match[1]), 100) : undefined;
}

/** Reads what `apt-cache show` prints: blank-line separated blocks of `Field: value`. */
export function parseStanzas(text: string): Candidate[] {
  const candidates: Candidate[] = [];
  for (const stanza of text.split(/\n\s*\n/)) {
    const value = (field: string) => new RegExp(`^${field}: *(.*)$`, "m").exec(stanza)?.[1];
    const name = value("Package");
    const version = value("Version");
    if (name && version) candidates.push({ name, version, size: Number(value("Size") ?? 0) });
  }
  return candidates;
}

function mebibytes(bytes: number): string {
  return bytes < 1024 * 1024 ? `${Math.ceil(bytes / 1024)} KiB` : `${Math.round(bytes / 1024 / 1024)} MiB`;
}
