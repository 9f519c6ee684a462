/**
 * The two that run a guest of `exit_payloads.ts`: Denovisor's library, and `exits.c`.
 *
 * @module
 */

import { Vm } from "../../mod.ts";
import { GPA, PORT } from "../../src/board/addresses.ts";
import { MARKS } from "./exit_payloads.ts";
import { compare, takeTurns, type Workshop } from "./measure.ts";

const ROUNDS = 11;
/** How long a measured loop should take (s): long beside the 0.1 ms by which a mark may come late. */
const LOOP_SECONDS = 0.25;
const TRIAL_TURNS = 1000;

/** Runs an image with so many vCPUs: nanoseconds between the marks of the slowest. */
export type LoopRunner = (image: string, vcpus: number) => Promise<number>;

/** Denovisor, by its library: the guest's marks come over its serial ports, all with about the same delay. */
export function denovisor(ports: number): LoopRunner {
  return async (image, vcpus) => {
    const serial = Array.from({ length: ports }, () => "stream");
    await using vm = await Vm.start({ kernel: image, protocol: "pvh", memory: "64M", cpus: vcpus, serial });
    const marks = new Map<string, number>();
    await Promise.all(vm.serial.map(({ console }) => listen(console!.readable, marks)));
    await vm.wait();
    const times = MARKS.slice(0, vcpus).map(({ start, end }) => marks.get(end)! - marks.get(start)!);
    return Math.max(...times) * 1e6;
  };
}

/** Notes when each mark comes (ms). */
async function listen(readable: ReadableStream<Uint8Array>, marks: Map<string, number>): Promise<void> {
  const wanted = MARKS.flatMap(({ start, end }) => [start, end]);
  for await (const chunk of readable) {
    const now = performance.now();
    for (const mark of wanted) if (chunk.includes(mark.charCodeAt(0))) marks.set(mark, now);
  }
}

/** The program in C, compiled into the workshop; undefined where there is no C compiler. */
export async function bareLoop(workshop: Workshop): Promise<LoopRunner | undefined> {
  const program = workshop.path("exits");
  const numbers = {
    COM1: PORT.COM1,
    COM2: PORT.COM2,
    POWER_OFF_PORT: PORT.ACPI_PM1_CONTROL,
    APIC_PAGES: GPA.KVM_IDENTITY_MAP,
  };
  const defines = Object.entries(numbers).map(([name, value]) => `-D${name}=${value}ull`);
  const source = new URL("exits.c", import.meta.url).pathname;
  try {
    await run("gcc", ["-O2", "-Wall", "-pthread", ...defines, "-o", program, source]);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  return async (image, vcpus) => {
    const times = (await run(program, [image, String(vcpus)])).trim().split("\n");
    return Math.max(...times.map(Number));
  };
}

/** Who runs, and what a turn of the loop is. */
export interface DuelOptions {
  readonly vcpus: number;
  readonly ours: LoopRunner;
  readonly theirs: LoopRunner | undefined;
  readonly exitsATurn: number;
}

/** Runs one guest in both, in turns: nanoseconds for each exit (or turn), and their ratio. */
export async function duel(
  workshop: Workshop,
  image: (count: number) => Uint8Array,
  { vcpus, ours, theirs, exitsATurn }: DuelOptions,
): Promise<ReturnType<typeof compare>> {
  const trial = await (theirs ?? ours)(await workshop.file("trial", image(TRIAL_TURNS)), vcpus);
  const count = Math.ceil(LOOP_SECONDS * 1e9 * TRIAL_TURNS / trial);
  const path = await workshop.file("image", image(count));
  const sample = (runner: LoopRunner) => async () => await runner(path, vcpus) / (count * exitsATurn);
  if (theirs === undefined) return compare((await takeTurns(ROUNDS, { ours: sample(ours) })).ours, undefined);
  const samples = await takeTurns(ROUNDS, { ours: sample(ours), theirs: sample(theirs) });
  return compare(samples.ours, samples.theirs);
}

async function run(command: string, args: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(command, { args: [...args] }).output();
  if (!success) throw new Error(`${command} failed:\n${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}
