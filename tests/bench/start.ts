/**
 * From the exec of Deno to the guest's first instruction.
 *
 * @module
 */

import { KernelClock } from "../../ffi/clock.ts";
import type { Bench, Figure } from "./figure.ts";
import { compare, median, takeTurns, Workshop } from "./measure.ts";
import { firstInstructionMs, REPORT_BYTES, startPayload } from "./start_payload.ts";
import { startProfile } from "./start_profile.ts";

const ROUNDS = 21;
const FIRST_EVER_ROUNDS = 3;
const CLI = new URL("../../cli.ts", import.meta.url).pathname;

/** What `denovisor run` is started with, after `deno run -A cli.ts`. */
const RUN = ["run", "--memory", "64M"];

/** Warm starts, and the first one ever. */
export const start: Bench = {
  name: "start",
  title:
    "start: from the exec of deno, `deno run -A cli.ts run --memory 64M …`, beside a Deno program of one line",
  async run(progress) {
    await using workshop = await Workshop.open();
    const hello = ["run", "-A", await workshop.file("hello.ts", 'console.log("hello");\n')];
    const payload = await workshop.file("payload", startPayload());
    const ofPayload = ["run", "-A", CLI, ...RUN, "--protocol", "pvh", payload];
    const ofEmbedded = ["run", "-A", CLI, ...RUN, "--cmdline", "poweroff"];
    const firstByte = (args: readonly string[]) => async () => (await launch(args)).firstByteMs;
    const instruction = (args: readonly string[], env?: Record<string, string>) => async () => {
      const { startedMs, output } = await launch(args, env);
      return firstInstructionMs(output.subarray(0, REPORT_BYTES)) - startedMs;
    };
    for (const args of [hello, ofPayload, ofEmbedded]) await launch(args); // warm

    progress("warm starts");
    const samples = await takeTurns(ROUNDS, {
      hello: firstByte(hello),
      payload: instruction(ofPayload),
      embedded: firstByte(ofEmbedded),
    });
    progress("first starts ever");
    const first: number[] = [];
    for (let i = 0; i < FIRST_EVER_ROUNDS; i++) {
      const env = { DENO_DIR: await emptyDenoDir(workshop, i) };
      first.push(await instruction(ofPayload, env)());
    }
    progress("profile");
    const than = "Deno alone";
    return [
      {
        name: "a payload's first instruction",
        unit: "ms",
        ...compare(samples.payload, samples.hello),
        than,
        target: { most: 80 },
      },
      {
        name: "the embedded guest's first byte on standard output",
        unit: "ms",
        ...compare(samples.embedded, samples.hello),
        than,
        note: await startProfile([Deno.execPath(), ...ofEmbedded]),
      },
      {
        name: "the first start ever: npm packages are there, nothing is compiled",
        unit: "ms",
        ours: median(first),
      },
    ] satisfies Figure[];
  },
};

interface Launch {
  /** By the kernel's real-time clock, just before the spawn. */
  readonly startedMs: number;
  /** From the spawn to the first byte on standard output. */
  readonly firstByteMs: number;
  readonly output: Uint8Array;
}

/** Runs this very Deno and takes its standard output. Throws if it fails. */
async function launch(args: readonly string[], env: Record<string, string> = {}): Promise<Launch> {
  const command = new Deno.Command(Deno.execPath(), {
    args: [...args],
    env,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
  const startedMs = new KernelClock().wallMs(), before = performance.now();
  const child = command.spawn();
  const complaints = new Response(child.stderr).text();
  const chunks: Uint8Array[] = [];
  let firstByteMs = NaN;
  for await (const chunk of child.stdout) {
    if (chunks.length === 0) firstByteMs = performance.now() - before;
    chunks.push(chunk);
  }
  if (!(await child.status).success) throw new Error(`deno ${args.join(" ")} failed:\n${await complaints}`);
  return {
    startedMs,
    firstByteMs,
    output: new Uint8Array(await new Blob(chunks as BlobPart[]).arrayBuffer()),
  };
}

/** A DENO_DIR with the npm packages of the real one and nothing else. */
async function emptyDenoDir(workshop: Workshop, index: number): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  const { denoDir } = JSON.parse(new TextDecoder().decode(stdout)) as { denoDir: string };
  const directory = workshop.path(`deno-dir-${index}`);
  await Deno.mkdir(directory);
  await Deno.symlink(`${denoDir}/npm`, `${directory}/npm`);
  return directory;
}
