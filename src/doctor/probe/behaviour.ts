/**
 * What a KVM does, found out by running code in it.
 *
 * @module
 */

import { ERRNO } from "../../../ffi/errno.ts";
import { EXIT, INTERNAL_ERROR } from "../../../ffi/uapi/kvm_constants.ts";
import { exitName } from "../../vcpu/fault.ts";
import type { ProbeMachine } from "./machine.ts";
import { KERNEL_INSTRUCTIONS, type KernelInstruction, PROBE_PORT, SAYS } from "./payloads.ts";

/** How a payload ended. `absent`: the processor itself does not have the instruction. */
export type Outcome =
  | "runs"
  | "absent"
  | "emulation failure"
  | "no answer in time"
  | "not tried"
  | `ends in ${string}`;

/** How each of the instructions fared that a stock kernel needs in kernel mode. */
export type InstructionOutcomes = Readonly<Record<KernelInstruction, Outcome>>;

/** Instructions a second in kernel and in user mode; `user` where it was measured and such code ran. */
export interface Speed {
  readonly kernel: number;
  readonly user?: number;
}

/** Instructions a second that any processor with KVM does; KVM's interpreter is ten times slower. */
export const NATIVE_AT_LEAST = 20e6;
/** Two instructions a round: 2–4 ms where they are interpreted. */
const FIRST_ROUNDS = 3000;
const MAX_ROUNDS = FIRST_ROUNDS * 4 ** 5;
/** Long enough to measure. */
const ENOUGH_MS = 1;
/** A thread that was preempted looks slow: a slow measurement is repeated so often. */
const SLOW_REPEATS = 2;

/** Payloads that end take a hundredth of it, in a loaded emulated machine a tenth. */
const RUN_LIMIT_MS = 300;

/** Runs what the machine was started at to its end. */
function finish(machine: ProbeMachine): Outcome {
  const errno = machine.within(RUN_LIMIT_MS, () => machine.run());
  const { page } = machine;
  if (errno === ERRNO.EINTR) return "no answer in time";
  if (errno !== 0) return `ends in errno ${errno}`;
  if (page.reason === EXIT.IO && page.ioPort === PROBE_PORT) {
    const says = page.data.getUint8(page.ioDataOffset);
    if (says === SAYS.DONE) return "runs";
    return says === SAYS.UNDEFINED ? "absent" : "ends in an exception";
  }
  const emulation = page.reason === EXIT.INTERNAL_ERROR &&
    page.details().internal.suberror === INTERNAL_ERROR.EMULATION;
  return emulation ? "emulation failure" : `ends in ${exitName(page.reason)}`;
}

/** Runs each of the instructions by itself in kernel mode. After one that does not end, none is tried. */
export function tryInstructions(machine: ProbeMachine): InstructionOutcomes {
  let hangs = false;
  const outcomes = KERNEL_INSTRUCTIONS.map((name) => {
    if (hangs) return [name, "not tried"] as const;
    machine.start(machine.payloads.instructions[name]);
    const outcome = finish(machine);
    hangs = outcome === "no answer in time";
    return [name, outcome] as const;
  });
  return Object.fromEntries(outcomes) as Record<KernelInstruction, Outcome>;
}

/** True if nothing that the processor has is missing in kernel mode. */
export function allInstructionsRun(outcomes: InstructionOutcomes): boolean {
  return Object.values(outcomes).every((outcome) => outcome === "runs" || outcome === "absent");
}

/**
 * Instructions a second of a loop in this mode, or undefined if it does not run to its end. At native speed it takes
 * a few ms, interpreted some 10 ms.
 */
export function instructionSpeed(machine: ProbeMachine, mode: "kernel" | "user"): number | undefined {
  let best = 0;
  let rounds = FIRST_ROUNDS;
  for (let slow = 0; slow <= SLOW_REPEATS;) {
    machine.start(machine.payloads.countDown, mode, rounds);
    const before = performance.now();
    if (finish(machine) !== "runs") return undefined;
    const took = performance.now() - before;
    const speed = 2 * rounds / (took / 1000);
    best = Math.max(best, speed);
    if (took < ENOUGH_MS && rounds < MAX_ROUNDS) rounds *= 4;
    else if (best < NATIVE_AT_LEAST) slow++;
    else break;
  }
  return best;
}

/**
 * True if KVM interprets kernel-mode code instead of letting the processor run it. An emulated processor may be slow in
 * every mode, so slow means: slow beside its own user mode, where that is known.
 */
export function interprets({ kernel, user }: Speed): boolean {
  return kernel < NATIVE_AT_LEAST && (user === undefined || user > 4 * kernel);
}

/** Cost of an exit. */
export interface ExitCost {
  /** Median, in µs. */
  readonly median: number;
  /** Exits measured. */
  readonly exits: number;
}

const EXITS = 4000;
const WARM_UP = 200;
/** Exits between two looks at the clock. */
const BATCH = 20;

/** Longest time to spend on it. */
const COST_LIMIT_MS = 200;

/** Time from one port write of the guest to its next, handled in TypeScript; undefined if that does not work. */
export function exitCost(machine: ProbeMachine): ExitCost | undefined {
  machine.start(machine.payloads.chatter);
  const batches = machine.within(COST_LIMIT_MS + RUN_LIMIT_MS, () => timeExits(machine));
  if (batches === undefined || batches.length === 0) return undefined;
  batches.sort((a, b) => a - b);
  return { median: batches[batches.length >> 1]!, exits: batches.length * BATCH };
}

/** µs an exit, of each batch. */
function timeExits(machine: ProbeMachine): number[] | undefined {
  const { page } = machine;
  const batches: number[] = [];
  const end = performance.now() + COST_LIMIT_MS;
  for (let exits = -WARM_UP; exits < EXITS; exits += BATCH) {
    const before = performance.now();
    if (before >= end) break;
    for (let i = 0; i < BATCH; i++) {
      if (machine.run() !== 0 || page.reason !== EXIT.IO) return undefined;
    }
    if (exits >= 0) batches.push((performance.now() - before) * 1000 / BATCH);
  }
  return batches;
}
