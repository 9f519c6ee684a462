import { join } from "@std/path";
import type { RunTool, ToolResult } from "../../../src/debian/tool.ts";

/** A package of the pretended archive: version, dependencies, and the files that unpacking gives. */
export interface FakePackage {
  version: string;
  depends?: string[];
  files?: Record<string, string>;
}

/** The package manager as our code sees it, over an archive in memory. */
export class FakeApt {
  /** What the lists say; `update` copies the archive into them. */
  lists: Record<string, FakePackage>;
  archive: Record<string, FakePackage>;
  online = true;
  /** Each call as "program verb operands", options left out. */
  readonly calls: string[] = [];

  constructor(archive: Record<string, FakePackage>, lists: Record<string, FakePackage> = { ...archive }) {
    this.archive = archive;
    this.lists = lists;
  }

  readonly run: RunTool = async (program, args, options = {}) => {
    const words = args.filter((word, index) => !word.startsWith("-") && args[index - 1] !== "-o");
    this.calls.push([program, ...words.map((word) => word.replace(/^\/.*\//, ""))].join(" "));
    const [verb, operand = ""] = words;
    if (program === "dpkg-deb") return await this.#unpack(args[1]!, args[2]!);
    switch (verb) {
      case "show":
        return this.#show(operand);
      case "depends":
        return result(
          this.lists[operand] === undefined ? 100 : 0,
          `${operand}\n${
            (this.lists[operand]?.depends ?? []).map((name) => `  Depends: ${name}\n`).join("")
          }`,
        );
      case "update":
        if (!this.online) return result(100, "", "E: no network\n");
        this.lists = { ...this.archive };
        return result(0);
      case "download":
        return await this.#download(operand, options.cwd!);
    }
    throw new Error(`unexpected ${program} ${words.join(" ")}`);
  };

  /** As apt-cache does: a name without an exact match is a regular expression. */
  #show(name: string): ToolResult {
    const names = name in this.lists ? [name] : Object.keys(this.lists).filter((other) => other.match(name));
    const stanzas = names.map((found) =>
      `Package: ${found}\nVersion: ${this.lists[found]!.version}\nSize: 5000000\n`
    );
    return result(names.length > 0 ? 0 : 100, stanzas.join("\n"));
  }

  async #download(operand: string, cwd: string): Promise<ToolResult> {
    const [name, version] = operand.split("=");
    const found = this.archive[name!];
    if (!this.online || found?.version !== version) return result(100, "", `E: Failed to fetch ${operand}\n`);
    await Deno.writeTextFile(join(cwd, `${name}_${version!.replaceAll(":", "%3a")}_amd64.deb`), name!);
    return result(0);
  }

  async #unpack(file: string, directory: string): Promise<ToolResult> {
    const files = this.archive[await Deno.readTextFile(file)]!.files ?? {};
    for (const [path, content] of Object.entries(files)) {
      await Deno.mkdir(join(directory, path, ".."), { recursive: true });
      await Deno.writeTextFile(join(directory, path), content);
    }
    return result(0);
  }
}

function result(code: number, stdout = "", stderr = ""): ToolResult {
  return { code, stdout, stderr };
}

/** Gives a test a cache of its own. */
export async function withCache(use: (cache: string) => Promise<void>): Promise<void> {
  const cache = await Deno.makeTempDir();
  try {
    await use(cache);
  } finally {
    await Deno.remove(cache, { recursive: true });
  }
}
