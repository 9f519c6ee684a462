/**
 * What this process holds: to see that nothing is left behind.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { Vm } from "../../mod.ts";

/** Descriptors by what they lead to, machines' mappings, and workers' threads. */
export interface Holdings {
  readonly fds: Readonly<Record<string, number>>;
  readonly mappings: readonly string[];
  readonly workers: number;
}

/** What only machines hold. */
const OURS = /^(\/dev\/kvm|anon_inode:kvm|\/memfd:denovisor)/;
/** How long threads that have been told to end may take (ms). */
const PATIENCE = 10_000;

/** What is held now. */
export function holdings(): Holdings {
  const fds: Record<string, number> = {};
  for (const { name } of Deno.readDirSync("/proc/self/fd")) {
    const target = attempt(() => Deno.readLinkSync(`/proc/self/fd/${name}`)); // the directory's own is gone by now
    if (target === undefined) continue;
    const kind = target.replace(/\d+/g, "N");
    fds[kind] = (fds[kind] ?? 0) + 1;
  }
  const mappings = Deno.readTextFileSync("/proc/self/maps").split("\n")
    .map((line) => line.split(/\s+/).slice(5).join(" "))
    .filter((name) => OURS.test(name));
  const threads = Array.from(
    Deno.readDirSync("/proc/self/task"),
    ({ name }) => attempt(() => Deno.readTextFileSync(`/proc/self/task/${name}/comm`)) ?? "",
  );
  return { fds, mappings, workers: threads.filter((name) => name.startsWith("worker-")).length };
}

/** What is held between machines. Runs one first, since Deno opens some descriptors of its own with the first worker. */
export async function heldBetweenMachines(): Promise<Holdings> {
  {
    await using vm = await Vm.start({ memory: "16M", cmdline: "quiet poweroff" });
    await vm.wait();
  }
  let last = "";
  return await settled((now) => now.workers === 0 && last === (last = JSON.stringify(now)), 50);
}

/**
 * Throws unless this process comes to hold no more than before. It may take a moment, as threads that end close Deno's
 * own descriptors; what is a machine's must have gone with it.
 */
export async function assertNothingLeft(before: Holdings): Promise<void> {
  const ours = (
    { fds, mappings }: Holdings,
  ) => [mappings, Object.keys(fds).filter((fd) => OURS.test(fd))];
  assertEquals(ours(holdings()), [[], []]);
  const more = (now: Holdings) =>
    Object.keys(now.fds).filter((kind) => now.fds[kind]! > (before.fds[kind] ?? 0));
  const now = await settled((now) => now.workers <= before.workers && more(now).length === 0, 5);
  assertEquals(
    [now.workers, more(now)],
    [before.workers, []],
    `${JSON.stringify(now)}, before ${JSON.stringify(before)}`,
  );
}

async function settled(ready: (now: Holdings) => boolean, everyMs: number): Promise<Holdings> {
  const deadline = performance.now() + PATIENCE;
  let now = holdings();
  while (!ready(now) && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, everyMs));
    now = holdings();
  }
  return now;
}

function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch {
    return undefined; // it has gone since it was listed
  }
}
