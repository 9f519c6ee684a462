/**
 * Boots a kernel by every contestant in turn, where KVM runs stock kernels:
 * `deno run -A boot_rounds.ts KERNEL INITRD ROUNDS`. The samples go to boots.json in $DENOVISOR_LAB_OUT.
 *
 * @module
 */

import { USER_SPACE_REACHED } from "../../src/initramfs/demo_init.ts";
import { type BootSample, type BootSamples, type ContestantName, CONTESTANTS } from "./boot_contestants.ts";

if (import.meta.main) {
  const [kernel, initrd, rounds] = Deno.args as [string, string, string];
  const out = `${Deno.env.get("DENOVISOR_LAB_OUT")}/boots.json`;
  const names = Object.keys(CONTESTANTS) as ContestantName[];
  const samples: BootSamples = {};
  // Round 0 brings programs and images into the page cache.
  for (let round = 0; round <= Number(rounds); round++) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      const sample = await boot(CONTESTANTS[name].command(kernel, initrd));
      if (sample === undefined) continue;
      const { wall, guest } = sample;
      console.error(
        `round ${round}, ${name}: ${wall.toFixed(2)} s, by the guest's clock ${guest.toFixed(2)} s`,
      );
      if (round > 0) (samples[name] ??= []).push(sample);
    }
  }
  await Deno.writeTextFile(out, JSON.stringify(samples));
}

/** Undefined where the program is not there. */
async function boot([program, ...args]: readonly string[]): Promise<BootSample | undefined> {
  const started = performance.now();
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command(program!, { args, stdin: "null", stdout: "piped", stderr: "inherit" }).spawn();
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
