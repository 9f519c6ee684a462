/**
 * `denovisor run`: starts a machine.
 *
 * @module
 */

import { lazy } from "../../lazy.ts";
import type { Arguments } from "../arguments.ts";
import type { Command } from "../command.ts";
import { JSON_OPTION } from "../option.ts";
import { print, printJson } from "../output.ts";
import { RunRequest } from "../run_config.ts";
import { configFlags } from "../run_flags.ts";
import { runGuest } from "../run_guest.ts";
import type { VmLog } from "../logging.ts";

const FLAGS = configFlags();

/** Starts a machine and gives it the terminal. */
export const run: Command = {
  name: "run",
  summary: "Start a virtual machine: your kernel, or the embedded guest where none is named",
  operands: "[KERNEL|IMAGE]",
  maxOperands: 1,
  files: true,
  examples: [
    ["run", "the embedded guest: does KVM work here?"],
    ["run vmlinuz --initrd initrd.img --append console=ttyS0", "a Linux kernel"],
    ["run debian --cpus 2", "an image: see denovisor image"],
    ["run kernel.elf -m 64M --serial file:log --debug-exit", "a test kernel"],
    ["run --config machine.json --dry-run", "check a configuration"],
  ],
  notes: [
    "Keys: Ctrl-A x ends the guest, Ctrl-A h shows the other keys.",
    'A configuration file is a JSON object with the same settings in camelCase, for example {"memory": "512M", "debugExit": true}; flags override it.',
    "The exit code tells how the guest ended: see denovisor --help.",
  ],
  options: [
    ...FLAGS.map(({ option }) => option),
    { name: "config", value: "FILE", files: true, group: "What boots", help: "Settings from a JSON file" },
    { name: "dry-run", group: "Looking in", help: "Check everything, show the machine, and start nothing" },
    { ...JSON_OPTION, group: "Looking in" },
  ],
  async execute(args, _registry, spare) {
    const json = args.has("json");
    const request = await RunRequest.read(args, FLAGS);
    try {
      if (args.has("dry-run")) return await dryRun(request, json);
      const log = await chosenLog(args);
      const end = await runGuest(request.config(), {
        json,
        ...(spare === undefined ? {} : { spare }),
        ...(log === undefined ? {} : { log }),
      });
      const { reportEnd } = await lazy<typeof import("../outcome_report.ts")>(
        import.meta.resolve("../outcome_report.ts"),
      );
      return reportEnd(end, { json, person: Deno.stderr.isTerminal() });
    } catch (error) {
      throw await request.inUsersWords(error);
    }
  },
};

async function dryRun(request: RunRequest, json: boolean): Promise<number> {
  const { describeMachine } = await lazy<typeof import("../../inspect_config.ts")>(
    import.meta.resolve("../../inspect_config.ts"),
  );
  const summary = await describeMachine(request.config());
  if (json) {
    printJson(summary);
  } else {
    const { factSheet } = await lazy<typeof import("../fact_sheet.ts")>(
      import.meta.resolve("../fact_sheet.ts"),
    );
    print(factSheet(summary));
  }
  return 0;
}

/** The logger, where somebody asked for one. */
async function chosenLog(args: Arguments): Promise<VmLog | undefined> {
  if (!args.has("log-level") && !args.has("verbose")) return undefined;
  const { vmLogger } = await lazy<typeof import("../logging.ts")>(import.meta.resolve("../logging.ts"));
  return vmLogger();
}
