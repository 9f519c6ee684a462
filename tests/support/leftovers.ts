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
    .filter((name) => name.includes("denovisor") || name.includes("kvm"));
  const threads = Array.from(
    Deno.readDirSync("/proc/self/task"),
    ({ name }) => attempt(() => Deno.readTextFileSync(`/proc/self/task/${name}/comm`)) ?? "",
  );
  return { fds, mappings, workers: threads.filter((name) => name.startsWith("worker-")).length };
}

/** What is held between machines. Runs one first, since Deno opens some descriptors of its own with the first worker. */
export async function heldBetweenMachines(): Promise<Holdings> {
  await using vm = await Vm.start({ memory: "16M", cmdline: "quiet poweroff" });
  await vm.wait();
  return await settled((now) => now.workers === 0);
}

/** Throws unless this process comes to hold what it held before: ending threads close their descriptors themselves. */
export async function assertNothingLeft(before: Holdings): Promise<void> {
  const same = (now: Holdings) => JSON.stringify(now) === JSON.stringify(before);
  assertEquals(await settled(same), before);
}

async function settled(ready: (now: Holdings) => boolean): Promise<Holdings> {
  const deadline = performance.now() + PATIENCE;
  let now = holdings();
  while (!ready(now) && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 5));
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
