/**
 * Debian's own tool for root file systems. As root it works in a chroot, otherwise in a user namespace.
 *
 * @module
 */

import type { Progress } from "../debian/progress.ts";
import { HostError, UserError } from "../errors.ts";
import { mustFindTool } from "./host_tools.ts";
import { TarError } from "./tar_header.ts";

/** What {@linkcode mmdebstrap} is to make. */
export interface MmdebstrapOptions {
  readonly suite: string;
  readonly packages: readonly string[];
  /** Lines of sources.list(5). */
  readonly sources: string;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** What mmdebstrap reports that a person wants to hear; the rest is between it and apt. */
const STEPS = /^I: (running apt-get update|downloading packages|extracting|installing|creating tarball)/;
/** Lines of its words kept for an error. */
const KEPT_LINES = 200;

/**
 * Makes a root file system and hands its tar archive over as it comes.
 *
 * @param take Reads the archive to its end.
 * @throws {UserError} for a suite or package that there is not; {@linkcode HostError} with apt's own words otherwise.
 */
export async function mmdebstrap(
  { suite, packages, sources, progress, signal }: MmdebstrapOptions,
  take: (archive: AsyncIterable<Uint8Array>) => Promise<void>,
): Promise<void> {
  signal.throwIfAborted();
  const child = new Deno.Command(await mustFindTool("mmdebstrap"), {
    args: ["--variant=minbase", "--format=tar", `--include=${packages.join(",")}`, suite, "-", "-"],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    // In a process group of its own: when something fails, it signals the whole group that it is in.
    detached: true,
    env: { LC_ALL: "C", DEBIAN_FRONTEND: "noninteractive" },
  }).spawn();
  // It leaves signals to its children, which clear up and end; so they get them, too.
  const end = () => {
    try {
      Deno.kill(-child.pid, "SIGTERM");
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error; // all have ended already
    }
  };
  signal.addEventListener("abort", end);
  const words = listen(child.stderr, progress);
  // It may end before it has read them; its exit code tells.
  const told = feed(child.stdin, sources).catch(() => {});
  try {
    await take(child.stdout);
  } catch (error) {
    end();
    await child.status;
    signal.removeEventListener("abort", end);
    // An archive that is cut off is no news when its writer says why.
    if (signal.aborted) throw signal.reason;
    const lines = await words;
    const itsFault = error instanceof TarError && lines.some((line) => line.startsWith("E: "));
    throw itsFault ? explain(lines, suite) : error;
  }
  const { success } = await child.status;
  signal.removeEventListener("abort", end);
  await told;
  signal.throwIfAborted();
  if (!success) throw explain(await words, suite);
}

async function feed(stdin: WritableStream<Uint8Array>, text: string): Promise<void> {
  const writer = stdin.getWriter();
  await writer.write(new TextEncoder().encode(text));
  await writer.close();
}

/** Follows what it says: steps for the user, the last lines for an error. */
async function listen(stderr: ReadableStream<Uint8Array>, progress: Progress): Promise<string[]> {
  const lines: string[] = [];
  let rest = "";
  const decoder = new TextDecoder();
  for await (const chunk of stderr) {
    const complete = (rest + decoder.decode(chunk, { stream: true })).split(/\r?\n|\r/);
    rest = complete.pop()!;
    for (const line of complete) {
      if (STEPS.test(line)) progress.step(line.slice("I: ".length).replace(/\.*$/, ""));
      lines.push(line);
    }
    lines.splice(0, lines.length - KEPT_LINES);
  }
  return [...lines, rest];
}

/** An error from what mmdebstrap, and apt through it, said last. */
export function explain(lines: readonly string[], suite: string): UserError | HostError {
  const errors = [
    ...new Set(lines.filter((line) => /^(E|Err|W): /.test(line)).map((line) => line.replace(/^\w+: /, ""))),
  ];
  const reason = errors.slice(0, 3).join("; ") || lines.findLast((line) => line.trim() !== "") ||
    "no reason given";
  if (lines.some((line) => /does not have a Release file|404 +Not Found/.test(line))) {
    return new UserError(`suite: the archive has no ${suite}: ${errors[0]}`, {
      field: "suite",
      hint: "Suites are Debian's code names, such as bookworm and trixie, or stable, testing and sid.",
    });
  }
  const unknown = lines.map((line) =>
    /Unable to locate package (\S+)|Package '?(\S+?)'? has no installation candidate/.exec(line)
  )
    .find((match) => match !== null);
  if (unknown !== undefined) {
    const name = unknown[1] ?? unknown[2];
    return new UserError(`package: ${suite} has no package ${name}`, { field: "package" });
  }
  if (lines.some((line) => /No space left on device/.test(line))) {
    return new HostError(`mmdebstrap found no space left on the disk: ${reason}`, {
      hint: "It works in /tmp and needs some 2 GiB there; TMPDIR names another place.",
    });
  }
  if (lines.some((line) => /unable to pick chroot mode|newuidmap|subuid|user namespace/i.test(line))) {
    return new HostError(`mmdebstrap cannot work without root on this host: ${reason}`, {
      hint:
        "It needs the package uidmap, an entry for you in /etc/subuid and /etc/subgid, and user namespaces. Or run it as root.",
    });
  }
  return new HostError(`mmdebstrap failed: ${reason}`, {
    hint: "Check the network and the package sources (/etc/apt, or --mirror).",
  });
}
