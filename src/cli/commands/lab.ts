/**
 * `denovisor lab -- COMMAND`: a command on a machine whose KVM is like real hardware's.
 *
 * @module
 */

import { lazy } from "../../lazy.ts";
import { parseMemorySize } from "../../config/memory_size.ts";
import { UserError } from "../../errors.ts";
import type { LabOptions } from "../../lab/lab.ts";
import type { Arguments } from "../arguments.ts";
import { wholeNumber } from "../numbers.ts";
import type { Command } from "../command.ts";
import { nameOrigin } from "../origin.ts";

const MIB = 2 ** 20;

/** What the lab's own settings are called here. */
const FLAGS_BY_SETTING: Readonly<Record<string, string>> = {
  cpus: "--cpus",
  memoryMiB: "--memory, in MiB,",
  timeLimit: "--time-limit",
};

/** Runs a command in the lab. */
export const lab: Command = {
  name: "lab",
  summary: "Run a command in a nested machine with full KVM, on any host",
  operands: "-- COMMAND",
  passesOn: true,
  examples: [
    ["lab -- bash", "look around: /dev/kvm is there, and this host's files"],
    ["lab --out results -- deno task test", "tests; what they leave in $DENOVISOR_LAB_OUT is kept"],
  ],
  notes: [
    "The lab is QEMU emulating a processor with AMD's SVM. It sees this host's files at their places; what is written there is lost, except in the directory of --out. It is true to hardware, and slow.",
    "The exit code is the command's own; 125 if the lab itself failed.",
  ],
  options: [
    { name: "cpus", short: "c", value: "COUNT", help: "CPUs of the lab's machine", defaultText: "2" },
    {
      name: "memory",
      short: "m",
      value: "SIZE",
      help: "Its RAM, taken from the host as it is used",
      defaultText: "4G",
    },
    { name: "time-limit", value: "SECONDS", help: "End it after this time" },
    {
      name: "out",
      value: "DIRECTORY",
      files: true,
      help: "A directory that the command may write to: $DENOVISOR_LAB_OUT",
    },
    { name: "nested-paging", help: "Emulate nested paging too: quicker guests, and less reliable" },
    {
      name: "kernel",
      value: "FILE",
      files: true,
      help: "The lab's own kernel, with its modules in /lib/modules; default: Debian's",
    },
  ],
  async execute(args) {
    if (args.operands.length === 0) {
      throw new UserError("the lab needs a command to run", { hint: "For example: denovisor lab -- bash" });
    }
    const options = labOptions(args);
    const { runInLab } = await lazy<typeof import("../../lab/lab.ts")>(
      import.meta.resolve("../../lab/lab.ts"),
    );
    const { progressOn } = await lazy<typeof import("../progress.ts")>(
      import.meta.resolve("../progress.ts"),
    );
    try {
      return await runInLab({
        ...options,
        progress: progressOn(),
        ...(Deno.stdin.isTerminal() ? {} : { stdin: Deno.stdin.readable }),
      });
    } catch (error) {
      throw nameOrigin(error, (field) => FLAGS_BY_SETTING[field]);
    }
  },
};

/** Settings of the lab from flags; ranges are the lab's to judge. Throws UserError. */
export function labOptions(args: Arguments): LabOptions {
  const cpus = args.value("cpus");
  const memory = args.value("memory");
  const timeLimit = args.value("time-limit");
  const outDir = args.value("out");
  const kernel = args.value("kernel");
  return {
    command: args.operands,
    ...(cpus === undefined ? {} : { cpus: wholeNumber("cpus", cpus) }),
    ...(memory === undefined ? {} : { memoryMiB: mebibytes(memory) }),
    ...(timeLimit === undefined ? {} : { timeLimit: wholeNumber("time-limit", timeLimit) }),
    ...(outDir === undefined ? {} : { outDir }),
    ...(args.has("nested-paging") ? { nestedPaging: true } : {}),
    ...(kernel === undefined ? {} : { kernel }),
  };
}

function mebibytes(text: string): number {
  const bytes = parseMemorySize(text);
  if (bytes !== undefined) return Math.ceil(bytes / MIB);
  throw new UserError(`--memory: ${JSON.stringify(text)} is no amount of memory`, {
    field: "memory",
    hint: 'Write a number and a unit, for example "4G".',
  });
}
