/**
 * A stock Debian kernel to the first line of user space, beside QEMU's machines.
 *
 * @module
 */

import { prepareDemo } from "../../src/debian/demo.ts";
import { probeKvm } from "../../src/doctor/mod.ts";
import { runInLab } from "../../src/lab/lab.ts";
import { type BootResults, type ContestantName, CONTESTANTS } from "./boot_contestants.ts";
import type { Bench, Figure } from "./figure.ts";
import { compare, Workshop } from "./measure.ts";

const ROUNDS = 5;
/** Seconds for everything in the lab; a boot takes some 15 there. */
const LAB_TIME_LIMIT = 1500;
const RUNNER = new URL("boot_rounds.ts", import.meta.url).pathname;

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
      : await runInLab({
        command,
        outDir,
        interactive: false,
        network: false,
        nestedPaging: true, // as every host that people use; one vCPU mostly boots with it
        timeLimit: LAB_TIME_LIMIT,
      });
    if (status !== 0) throw new Error(`the boots failed with status ${status}`);
    const results = JSON.parse(await Deno.readTextFile(workshop.path("boots.json"))) as BootResults;
    return figures(results, here ? "" : ", in the lab");
  },
};

function figures({ samples, setting }: BootResults, where: string): Figure[] {
  const row = (
    name: string,
    ours: ContestantName,
    rival: ContestantName,
    clock: "wall" | "guest",
  ): Figure[] => {
    const times = (of: ContestantName) => samples[of]?.map((sample) => sample[clock]);
    const mine = times(ours), theirs = times(rival), { than } = CONTESTANTS[rival];
    if (mine === undefined) return [];
    const missing = theirs === undefined ? { note: `no qemu-system-x86_64 here: no ${than}` } : {};
    return [{ name, unit: "s", ...compare(mine, theirs), than, ...missing }];
  };
  const pages = `Huge pages for shared memory: "${setting}" here; stock hosts have "never".`;
  return [
    ...row(`until user space${where}`, "denovisor", "microvm", "wall")
      .map((figure): Figure => ({ note: pages, ...figure, target: { ratio: 0.9 } })),
    ...row("  by the guest's own clock", "denovisor", "microvm", "guest"),
    ...row(`until user space${where}`, "denovisor", "pc", "wall"),
    ...row("  by the guest's own clock", "denovisor", "pc", "guest"),
    ...row('until user space, with "never"', "smallPages", "microvm", "wall"),
    ...row('with "never", beside the setting here', "smallPages", "denovisor", "wall"),
  ];
}
