/**
 * A stock Debian kernel to the first line of user space, beside QEMU's machines.
 *
 * @module
 */

import { prepareDemo } from "../../src/debian/demo.ts";
import { probeKvm } from "../../src/doctor/mod.ts";
import { runInLab } from "../../src/lab/lab.ts";
import { type BootSamples, type ContestantName, CONTESTANTS } from "./boot_contestants.ts";
import type { Bench, Figure } from "./figure.ts";
import { compare, Workshop } from "./measure.ts";

const ROUNDS = 3;
/** Seconds for everything in the lab; a boot takes some 15 there. */
const LAB_TIME_LIMIT = 1500;
const RUNNER = new URL("boot_rounds.ts", import.meta.url).pathname;
const OURS: ContestantName = "denovisor";

/** Boots here, or in the lab where this host's KVM runs no stock kernel. */
export const boot: Bench = {
  name: "boot",
  title: "boot: Debian's bzImage and an initrd, from the exec to the first line of user space",
  async run(progress) {
    await using workshop = await Workshop.open();
    const { kernel, initrd } = await prepareDemo();
    const verdict = await probeKvm();
    const here = verdict.available && verdict.runsStockKernels;
    const outDir = here ? undefined : workshop.directory;
    const command = [Deno.execPath(), "run", "-A", RUNNER, kernel.vmlinuz, initrd, String(ROUNDS)];
    progress(here ? "booting here" : "booting in the lab: this host's KVM runs no stock kernel");
    const status = outDir === undefined
      ? (await new Deno.Command(command[0]!, {
        args: command.slice(1),
        env: { DENOVISOR_LAB_OUT: workshop.directory },
        stdout: "inherit",
        stderr: "inherit",
      }).output()).code
      : await runInLab({ command, outDir, interactive: false, network: false, timeLimit: LAB_TIME_LIMIT });
    if (status !== 0) throw new Error(`the boots failed with status ${status}`);
    const samples = JSON.parse(await Deno.readTextFile(workshop.path("boots.json"))) as BootSamples;
    return figures(samples, here ? "" : ", in the lab");
  },
};

function figures(samples: BootSamples, where: string): Figure[] {
  const ours = samples[OURS]!;
  const rivals = (Object.keys(CONTESTANTS) as ContestantName[]).filter((name) => name !== OURS);
  return rivals.flatMap((rival): Figure[] => {
    const theirs = samples[rival];
    const than = CONTESTANTS[rival].than;
    if (theirs === undefined) {
      return [{
        name: `beside ${than}`,
        unit: "s",
        note: "no qemu-system-x86_64 here: nothing to compare with",
      }];
    }
    return [
      {
        name: `until user space${where}`,
        unit: "s",
        ...compare(ours.map(({ wall }) => wall), theirs.map(({ wall }) => wall)),
        than,
        ...(rival === "microvm" ? { target: { ratio: 0.9 } } : {}),
      },
      {
        name: "  of which by the guest's own clock",
        unit: "s",
        ...compare(ours.map(({ guest }) => guest), theirs.map(({ guest }) => guest)),
        than,
      },
    ];
  });
}
