/**
 * `denovisor demo`: a stock kernel, seen to run.
 *
 * @module
 */

import { type Command } from "../option.ts";
import { say } from "../output.ts";
import { progressOn } from "../progress.ts";
import { configFlags, configFrom } from "../run_flags.ts";

const FLAGS = configFlags().filter(({ key }) => key === "memory" || key === "cpus");

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
    "The first run fetches a kernel and busybox by Debian's package manager, some 70 MB, into the cache ($DENOVISOR_CACHE, else ~/.cache/denovisor). Nothing is installed, except QEMU where the lab needs it and you are root.",
    "Where this host's KVM cannot run stock kernels, or there is none, the same happens in the lab: see denovisor lab --help.",
  ],
  options: [
    { name: "kernel", value: "FILE", files: true, help: "A bzImage of yours, with its modules in /lib/modules" },
    ...FLAGS.map(({ option: { group: _, ...option }, key }) => ({ ...option, defaultText: key === "memory" ? "512M" : "2" })),
    { name: "lab", help: "Run in the lab, whatever this host can do" },
    { name: "script", help: "Run the script, even on a terminal" },
  ],
  async execute(args) {
    const { showDemo } = await import("../../demo/demo.ts");
    const kernel = args.value("kernel");
    return await showDemo({
      machine: configFrom(args, FLAGS, { memory: "512M", cpus: 2 }),
      inLab: args.has("lab"),
      interactive: !args.has("script") && Deno.stdin.isTerminal() && Deno.stdout.isTerminal(),
      say,
      progress: progressOn(),
      ...(kernel === undefined ? {} : { kernel }),
    });
  },
};
