/**
 * The rings of tests, from the inside: what each needs and may take.
 *
 * @module
 */

import type { KvmVerdict } from "../../src/doctor/mod.ts";

export type RingName = "unit" | "abi" | "doc" | "kvm" | "guests";

/** Tests that need the same of a host. */
export interface Ring {
  readonly name: RingName;
  readonly needs: "nothing" | "kvm" | "stock-kernels";
  /** What `deno test` is called with. */
  readonly arguments: readonly string[];
  /** The subset that is run in the lab, where that is not all of it. */
  readonly labArguments?: readonly string[];
  /** Minutes that it may take. */
  readonly minutes: number;
  /** Whether it runs in the lab although it ran here. */
  readonly alsoInLab?: (kvm: KvmVerdict) => boolean;
}

/** One run of `deno test` in the lab, and the file that holds its counts. */
export interface LabRun {
  readonly file: string;
  readonly args: readonly string[];
}

/** A ring's runs in the lab: one for each test file. */
export async function labRuns(ring: Ring): Promise<LabRun[]> {
  const words = ring.labArguments ?? ring.arguments;
  const flags = words.filter((word) => word.startsWith("-"));
  const files: string[] = [];
  for (const word of words.filter((word) => !word.startsWith("-"))) {
    if (word.endsWith(".ts")) files.push(word);
    else {for await (const { name } of Deno.readDir(word)) {
        if (name.endsWith("_test.ts")) files.push(`${word}/${name}`);
      }}
  }
  return files.sort().map((path) => ({
    file: `${ring.name}-${path.replaceAll("/", "-")}.json`,
    args: [...flags, path],
  }));
}

/** All rings, cheapest first. */
export const RINGS: readonly Ring[] = [
  {
    name: "unit",
    needs: "nothing",
    arguments: ["--parallel", "tests/unit", "tests/fuzz/devices_test.ts"],
    minutes: 3,
  },
  { name: "abi", needs: "nothing", arguments: ["tests/abi"], minutes: 1 },
  {
    name: "doc",
    needs: "kvm",
    arguments: ["--doc", "README.md", "mod.ts", "src/vm.ts", "src/vcpu", "src/boot", "src/state", "ffi"],
    minutes: 1,
  },
  {
    name: "kvm",
    needs: "kvm",
    arguments: ["tests/kvm", "tests/fuzz/guest_hammer_test.ts"],
    // The lab's emulated processor runs this ring's many rounds for too long; these show the other kind of KVM.
    labArguments: [
      "--filter=/^kvm ffi|^embedded guest: (reports|its user mode|starts all of 2|echoes)/",
      "tests/kvm/ffi_test.ts",
      "tests/kvm/embedded_guest_test.ts",
    ],
    minutes: 4,
    alsoInLab: (kvm) => kvm.available && !kvm.runsStockKernels,
  },
  { name: "guests", needs: "stock-kernels", arguments: ["tests/guests"], minutes: 15 },
];
