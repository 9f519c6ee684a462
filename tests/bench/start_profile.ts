/**
 * Where the time of a start goes, seen from outside: the moments of a few system calls, by strace.
 *
 * @module
 */

import { median } from "./measure.ts";

const ROUNDS = 5;
/** Only these are stopped at, so that the others cost what they cost without strace. */
const TRACED = "execve,ioctl,memfd_create,prctl";

/** The first line that matches is the moment; in the order in which they are shown where they coincide. */
const MOMENTS: readonly (readonly [RegExp, string])[] = [
  [/KVM_GET_API_VERSION/, "/dev/kvm is open: modules loaded, arguments and images read"],
  [/PR_SET_NAME, "worker-/, "the vCPU's worker begins"],
  [/KVM_CREATE_VM/, "the VM exists"],
  [/KVM_SET_USER_MEMORY_REGION/, "its interrupt controllers and timer exist"],
  [/KVM_CREATE_VCPU/, "its memory is in place"],
  [/KVM_SET_CPUID2/, "the worker has its orders and has built the machine"],
  [/KVM_RUN/, "the guest runs"],
];

/** Lines of a profile, or why there is none. */
export async function startProfile(command: readonly string[]): Promise<string> {
  const rounds: number[][] = [];
  try {
    for (let round = 0; round < ROUNDS; round++) rounds.push(await moments(command));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "no strace here: no profile";
    throw error;
  }
  const lines = MOMENTS.map(([, name], i) => ({ name, ms: median(rounds.map((row) => row[i]!)) }))
    .filter(({ ms }) => !Number.isNaN(ms))
    .toSorted((a, b) => a.ms - b.ms)
    .map(({ name, ms }) => `${ms.toFixed(1).padStart(6)} ms  ${name}`);
  return ["Moments since the exec, with strace looking on, which itself costs a few ms:", ...lines].join(
    "\n",
  );
}

/** Milliseconds from the exec to each moment, NaN for one that did not come. */
async function moments(command: readonly string[]): Promise<number[]> {
  const trace = await Deno.makeTempFile({ prefix: "denovisor-strace-" });
  try {
    await new Deno.Command("strace", {
      args: ["-f", "--seccomp-bpf", "-ttt", "-e", `trace=${TRACED}`, "-o", trace, ...command],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).output();
    const lines = (await Deno.readTextFile(trace)).split("\n");
    const time = (line: string | undefined) => Number(/^\d+\s+([\d.]+)/.exec(line ?? "")?.[1]) * 1000;
    const exec = time(lines.find((line) => line.includes("execve(")));
    return MOMENTS.map(([pattern]) => time(lines.find((line) => pattern.test(line))) - exec);
  } finally {
    await Deno.remove(trace);
  }
}
