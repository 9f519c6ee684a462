/**
 * What a guest costs in memory: private pages of a library process with one and with several.
 *
 * @module
 */

import type { Bench, Figure } from "./figure.ts";
import { median } from "./measure.ts";

const ROUNDS = 3;
const GUESTS = 8;
const PROCESS = new URL("memory_process.ts", import.meta.url).pathname;

/** Idle guests of 64 MiB. */
export const memory: Bench = {
  name: "memory",
  title: "memory: private memory of a library process with idle one-vCPU guests of 64 MiB",
  async run(progress) {
    const samples: { none: number; one: number; several: number }[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      progress(`round ${round + 1} of ${ROUNDS}`);
      const [none, one, several] = [await privateBytes(0), await privateBytes(1), await privateBytes(GUESTS)];
      samples.push({ none, one, several });
    }
    const of = (value: (sample: typeof samples[number]) => number) => median(samples.map(value)) / 1e6;
    return [
      {
        name: "a process with one guest",
        unit: "MB",
        ours: of(({ one }) => one),
        theirs: of(({ none }) => none),
      },
      {
        name: `each further guest, of ${GUESTS}`,
        unit: "MB",
        ours: of(({ one, several }) => (several - one) / (GUESTS - 1)),
        target: { most: 15 },
      },
    ].map((figure, i) => i === 0 ? { ...figure, than: "without" } : figure) as Figure[];
  },
};

/** Private_Clean and Private_Dirty of a process with so many guests. */
async function privateBytes(guests: number): Promise<number> {
  const args = ["run", "-A", PROCESS, String(guests)];
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args, stdin: "null" })
    .output();
  if (!success) {
    throw new Error(`the process with ${guests} guests failed:\n${new TextDecoder().decode(stderr)}`);
  }
  return Number(new TextDecoder().decode(stdout));
}
