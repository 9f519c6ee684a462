/**
 * Boots a kernel by every contestant in turn, where KVM runs stock kernels:
 * `deno run -A boot_rounds.ts KERNEL INITRD ROUNDS`. The samples go to boots.json in $DENOVISOR_LAB_OUT.
 *
 * @module
 */

import { USER_SPACE_REACHED } from "../../src/initramfs/demo_init.ts";
import { insideLab } from "../../src/lab/lab.ts";
import {
  type BootResults,
  type BootSample,
  type BootSamples,
  type ContestantName,
  CONTESTANTS,
  SHARED_HUGE_PAGES,
} from "./boot_contestants.ts";

const TREE = new URL("../..", import.meta.url).pathname;

if (import.meta.main) {
  const [kernel, initrd, rounds] = Deno.args as [string, string, string];
  const out = `${Deno.env.get("DENOVISOR_LAB_OUT")}/boots.json`;
  const names = (Object.keys(CONTESTANTS) as ContestantName[])
    .filter((name) => CONTESTANTS[name].setting === undefined || insideLab());
  const usual = readSetting();
  const { tree, env } = insideLab() ? await localCopy() : { tree: TREE, env: {} };
  const samples: BootSamples = {};
  // Round 0 brings programs and images into the page cache.
  for (let round = 0; round <= Number(rounds); round++) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      const { command, setting } = CONTESTANTS[name];
      if (setting !== undefined) change(setting);
      const sample = await boot(command(kernel, initrd, tree), env);
      if (setting !== undefined) change(usual);
      if (sample === undefined) continue;
      const { wall, guest } = sample;
      console.error(
        `round ${round}, ${name}: ${wall.toFixed(2)} s, by the guest's clock ${guest.toFixed(2)} s`,
      );
      if (round > 0) (samples[name] ??= []).push(sample);
    }
  }
  await Deno.writeTextFile(out, JSON.stringify({ samples, setting: usual } satisfies BootResults));
}

/**
 * Our files and Deno's on a disk of the lab's own, in its memory. The host's reach it by a network file system, which no
 * cache saves a round trip for each open: a program of two hundred files would pay for that, and one of a few not.
 */
async function localCopy(): Promise<{ tree: string; env: Record<string, string> }> {
  const home = await Deno.makeTempDir({ dir: "/dev/shm", prefix: "denovisor-" });
  const copy = async (from: string, to: string) => {
    const { success, stderr } = await new Deno.Command("cp", { args: ["-r", from, to], stdout: "null" })
      .output();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
  };
  await Deno.mkdir(`${home}/tree`);
  await Deno.mkdir(`${home}/deno`);
  for (const name of ["cli.ts", "mod.ts", "deno.json", "deno.lock", "src", "ffi", "types"]) {
    await copy(`${TREE}/${name}`, `${home}/tree`);
  }
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  const { npmCache } = JSON.parse(new TextDecoder().decode(stdout)) as { npmCache: string };
  await copy(npmCache, `${home}/deno`);
  return { tree: `${home}/tree`, env: { DENO_DIR: `${home}/deno` } };
}

/** Changes the setting. Throws if it does not hold: figures under the wrong name are worse than none. */
function change(setting: string): void {
  Deno.writeTextFileSync(SHARED_HUGE_PAGES, setting);
  if (readSetting() !== setting) throw new Error(`${SHARED_HUGE_PAGES} stays at ${readSetting()}`);
}

/** The choice in brackets. */
function readSetting(): string {
  try {
    return /\[(\w+)\]/.exec(Deno.readTextFileSync(SHARED_HUGE_PAGES))?.[1] ?? "unknown";
  } catch {
    return "not to be had"; // a kernel without them
  }
}

/** Undefined where the program is not there. */
async function boot(
  [program, ...args]: readonly string[],
  env: Record<string, string>,
): Promise<BootSample | undefined> {
  const started = performance.now();
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command(program!, { args, env, stdin: "null", stdout: "piped", stderr: "inherit" })
      .spawn();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  let wall: number | undefined, text = "";
  for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    if (text.includes(USER_SPACE_REACHED)) wall ??= (performance.now() - started) / 1000;
  }
  await child.status;
  const guest = /denovisor: uptime ([\d.]+) s/.exec(text)?.[1];
  if (wall === undefined || guest === undefined) {
    throw new Error(`${program} did not reach user space:\n${text}`);
  }
  return { wall, guest: Number(guest) };
}
