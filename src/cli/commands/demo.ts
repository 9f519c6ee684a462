/**
 * `denovisor demo`: a stock kernel, seen to run.
 *
 * @module
 */

import { lazy } from "../../lazy.ts";
import type { MachineConfig } from "../../config/schema.ts";
import type { DemoPlace } from "../../demo/place.ts";
import { GuestError } from "../../errors.ts";
import type { Arguments } from "../arguments.ts";
import { EXIT } from "../exit_codes.ts";
import type { Command } from "../command.ts";
import { reportEnd } from "../outcome_report.ts";
import { say } from "../output.ts";
import { progressOn } from "../progress.ts";
import { configFlags, configFrom } from "../run_flags.ts";
import { windowSize } from "../terminal/window_size.ts";

const DEFAULTS = { memory: "512M", cpus: 2 } as const;
const FLAGS = configFlags().filter(({ key }) => key in DEFAULTS);

/** Boots a stock kernel, here or in the lab. */
export const demo: Command = {
  name: "demo",
  summary: "Boot a stock Debian kernel and get a shell in it",
  operands: "",
  examples: [
    ["demo", "a shell; without a terminal, a short script"],
    ["demo --kernel /boot/vmlinuz-6.12", "another kernel than Debian's"],
  ],
  notes: [
    "The first run fetches a kernel and busybox by Debian's package manager, some 70 MB, into the cache " +
    "($DENOVISOR_CACHE, else ~/.cache/denovisor). Nothing is installed, except QEMU where the lab needs it and you are root.",
    "Where this host's KVM cannot run stock kernels, or there is none, the same happens in the lab: see " +
    "denovisor lab --help.",
  ],
  options: [
    {
      name: "kernel",
      value: "FILE",
      files: true,
      help: "A bzImage of yours, with its modules in /lib/modules",
    },
    ...FLAGS.map(({ option: { group: _, ...option }, key }) => ({
      ...option,
      defaultText: String(DEFAULTS[key as keyof typeof DEFAULTS]),
    })),
    { name: "lab", help: "Run in the lab, whatever this host can do" },
    { name: "script", help: "Run the script, even on a terminal" },
  ],
  async execute(args) {
    const settings = configFrom(args, FLAGS, DEFAULTS);
    await check(settings);
    const place = await lookAround(args);
    if (place.place === "lab") tellWhy(place, args.has("lab"));
    const machine = await prepare(args, settings);
    if (place.place === "lab") return await inLab(machine, args);
    try {
      return await here(machine);
    } catch (error) {
      if (!(error instanceof SilentGuest)) throw error;
      const { afterFailure } = await lazy<typeof import("../../demo/place.ts")>(
        import.meta.resolve("../../demo/place.ts"),
      );
      tellWhy(afterFailure(error.message), false);
      return await inLab(machine, args);
    }
  },
};

/** A stock kernel's first words take less than a second on hardware (ms). */
const SILENCE = 20_000;

/** The guest could not go on, and never said a word. */
class SilentGuest extends Error {}

/** Finds mistakes in the flags before anything is fetched. */
async function check(settings: MachineConfig): Promise<void> {
  const [{ checkConfig }, { nameOrigin }] = await Promise.all([
    import("../../config/check.ts"),
    import("../origin.ts"),
  ]);
  try {
    checkConfig(settings);
  } catch (error) {
    throw nameOrigin(error, (field) => `--${field}`);
  }
}

async function lookAround(args: Arguments): Promise<DemoPlace> {
  const [{ probeKvm }, { choosePlace }, { insideLab }] = await Promise.all([
    import("../../doctor/mod.ts"),
    import("../../demo/place.ts"),
    import("../../lab/lab.ts"),
  ]);
  return choosePlace({
    verdict: await probeKvm(),
    labWanted: args.has("lab"),
    insideLab: insideLab(),
  });
}

async function prepare(args: Arguments, settings: MachineConfig): Promise<MachineConfig> {
  const [{ prepareDemo }, { demoMachine }] = await Promise.all([
    import("../../debian/demo.ts"),
    import("../../demo/machine.ts"),
  ]);
  const kernel = args.value("kernel");
  const images = await prepareDemo({ progress: progressOn(), ...(kernel === undefined ? {} : { kernel }) });
  say(`booting Linux ${images.kernel.release} with ${settings.memory} and ${settings.cpus} CPU(s)`);
  const window = windowSize();
  return demoMachine({
    kernel: images.kernel.vmlinuz,
    initrd: images.initrd,
    settings,
    shell: !args.has("script") && Deno.stdin.isTerminal() && Deno.stdout.isTerminal(),
    ...(window === undefined ? {} : { window }),
  });
}

async function here(machine: MachineConfig): Promise<number> {
  const { runGuest } = await lazy<typeof import("../run_guest.ts")>(
    import.meta.resolve("../run_guest.ts"),
  );
  let spoke = false;
  const impatient = setTimeout(
    () => say("the guest is silent so far. Ctrl-C ends it; denovisor demo --lab runs it in the lab"),
    SILENCE,
  );
  const onFirstOutput = () => {
    spoke = true;
    clearTimeout(impatient);
  };
  try {
    const end = await runGuest({ ...machine, serial: ["stream"] }, { onFirstOutput });
    return reportEnd(end, { json: false, person: Deno.stderr.isTerminal() });
  } catch (error) {
    if (error instanceof GuestError && !spoke) throw new SilentGuest(error.message, { cause: error });
    throw error;
  } finally {
    clearTimeout(impatient);
  }
}

function tellWhy({ why, remedy }: DemoPlace, wanted: boolean): void {
  if (why !== undefined) say(why);
  if (remedy !== undefined && !wanted) say(`to run it here: ${remedy}`);
  say("the demo runs in the lab, a nested machine: true to hardware, but slow. It takes about a minute.");
}

async function inLab(machine: MachineConfig, args: Arguments): Promise<number> {
  const [{ runInLab }, { runArguments }] = await Promise.all([
    import("../../lab/lab.ts"),
    import("../../demo/machine.ts"),
  ]);
  const { protocol, pathname, href } = new URL("../../../cli.ts", import.meta.url);
  const script = protocol === "file:" ? decodeURIComponent(pathname) : href;
  const kernel = args.value("kernel");
  const status = await runInLab({
    command: [Deno.execPath(), "run", "-A", script, ...runArguments(machine)],
    progress: progressOn(),
    ...(kernel === undefined ? {} : { kernel }),
  });
  if (status !== EXIT.OK) say(`the demo ended with exit code ${status}`);
  return status;
}
