/**
 * Running the host's own programs.
 *
 * @module
 */

import { join } from "@std/path";

/** What a program left behind. */
export interface ToolResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How a program is run; `onLine` sees standard output as it comes. */
export interface ToolOptions {
  readonly cwd?: string;
  readonly onLine?: (line: string) => void;
}

/** Runs a program to its end, without standard input. Replaced in tests. */
export type RunTool = (
  program: string,
  args: readonly string[],
  options?: ToolOptions,
) => Promise<ToolResult>;

/** Where system programs live that an ordinary user's PATH often leaves out. */
const SYSTEM_DIRECTORIES = ["/usr/sbin", "/sbin"];

/**
 * Finds a program on the PATH or among the system's own.
 *
 * @returns Its path, or undefined.
 */
export async function findTool(name: string): Promise<string | undefined> {
  const directories = (Deno.env.get("PATH") ?? "").split(":").filter((directory) => directory !== "");
  for (const directory of [...directories, ...SYSTEM_DIRECTORIES]) {
    const path = join(directory, name);
    const info = await Deno.stat(path).catch(() => undefined);
    if (info?.isFile && ((info.mode ?? 0) & 0o111) !== 0) return path;
  }
  return undefined;
}

/** Runs a program of the host. Its messages are in English, whatever the user's language, as we read some. */
export const runTool: RunTool = async (program, args, options = {}) => {
  const child = new Deno.Command(program, {
    args: [...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    env: { LC_ALL: "C", DEBIAN_FRONTEND: "noninteractive" },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  }).spawn();
  const [stdout, stderr, { code }] = await Promise.all([
    readLines(child.stdout, options.onLine),
    new Response(child.stderr).text(),
    child.status,
  ]);
  return { code, stdout, stderr };
};

async function readLines(stream: ReadableStream<Uint8Array>, onLine?: (line: string) => void) {
  let text = "";
  let told = 0;
  for await (
    const chunk of stream.pipeThrough(new TextDecoderStream() as TransformStream<Uint8Array, string>)
  ) {
    text += chunk;
    for (let end; onLine !== undefined && (end = text.indexOf("\n", told)) >= 0; told = end + 1) {
      onLine(text.slice(told, end));
    }
  }
  return text;
}
