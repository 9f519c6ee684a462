/**
 * Where a Debian is built from: the archives that this host's own package manager trusts, or one that the user
 * names.
 *
 * @module
 */

import type { Apt, IndexTarget } from "../debian/apt.ts";
import { HostError } from "../errors.ts";

/**
 * Lines of sources.list(5) for a suite, from this host's sources of Debian itself.
 *
 * @throws {HostError} if the host has none, as on Ubuntu.
 */
export async function hostSources(apt: Apt, suite: string): Promise<string> {
  let lines = sourceLines(await apt.indexTargets(), suite);
  if (lines.length === 0) {
    await apt.update();
    lines = sourceLines(await apt.indexTargets(), suite);
  }
  if (lines.length > 0) return lines.join("\n") + "\n";
  throw new HostError("the package manager of this host has no archive of Debian among its sources", {
    hint: "Name a mirror of Debian: --mirror URL.",
  });
}

/** Lines of sources.list(5) for a suite from a mirror that the user names. */
export function mirrorSources(mirror: string, suite: string): string {
  return `deb ${mirror} ${suite} main\n`;
}

/**
 * Lines for a suite, from what the host uses of Debian for the suite that it runs itself; its
 * backports and the like are its own affair.
 */
export function sourceLines(targets: readonly IndexTarget[], suite: string): string[] {
  const lines = new Set<string>();
  for (const { uri, release, origin, component } of targets) {
    if (
      origin !== "Debian" || component !== "main" ||
      !/^(https?|file|copy|mirror|cdrom|tor\+https?):/.test(uri)
    ) continue;
    const known = /^[a-z]+(-updates|-security)?$/.exec(release);
    if (known === null) continue;
    const suffix = known[1] ?? "";
    // The unstable suite has no others beside it.
    if (suffix !== "" && ["sid", "unstable"].includes(suite)) continue;
    lines.add(`deb ${uri} ${suite}${suffix} main`);
  }
  return [...lines];
}
