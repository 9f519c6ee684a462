/**
 * What this host's KVM can do, found out quickly and by behaviour.
 *
 * @module
 */

import { KernelError } from "../../ffi/errno.ts";
import { type DeviceOptions, openDevice } from "./device.ts";
import { type Host, thisHost } from "./host.ts";
import {
  allInstructionsRun,
  type InstructionOutcomes,
  instructionSpeed,
  interprets,
  NATIVE_AT_LEAST,
  type Speed,
  tryInstructions,
} from "./probe/behaviour.ts";
import { type KvmDevice, ProbeMachine } from "./probe/machine.ts";
import type { KvmVerdict } from "./report.ts";

/** What running code showed. */
export interface Behaviour {
  readonly instructions: InstructionOutcomes;
  readonly speed: Speed;
  readonly runsStockKernels: boolean;
  readonly interpretsKernelMode: boolean;
}

/**
 * Tries a machine's behaviour; undefined if not even a loop runs to its end. User mode is measured only where kernel
 * mode turns out slow, unless `thorough`.
 */
export function tryBehaviour(machine: ProbeMachine, thorough: boolean): Behaviour | undefined {
  const instructions = tryInstructions(machine);
  const kernel = instructionSpeed(machine, "kernel");
  if (kernel === undefined) return undefined;
  const user = thorough || kernel < NATIVE_AT_LEAST ? instructionSpeed(machine, "user") : undefined;
  const speed: Speed = user === undefined ? { kernel } : { kernel, user };
  return {
    instructions,
    speed,
    runsStockKernels: allInstructionsRun(instructions),
    interpretsKernelMode: interprets(speed),
  };
}

/** What a behaviour means. */
export function verdictOf(behaviour: Behaviour | undefined): KvmVerdict {
  if (behaviour === undefined) {
    return unavailable("KVM makes virtual machines, but code in them does not run", LOOK_AT_DMESG);
  }
  const { runsStockKernels, interpretsKernelMode } = behaviour;
  return { available: true, runsStockKernels, interpretsKernelMode };
}

/** No KVM that could be used. */
export function unavailable(reason: string, remedy: string): KvmVerdict {
  return { available: false, reason, remedy, runsStockKernels: false, interpretsKernelMode: false };
}

/** The verdict where no VM could be made. */
export function cannotCreate(error: KernelError): KvmVerdict {
  return unavailable(
    `KVM cannot make a virtual machine: ${error.message}`,
    `End other hypervisors (VirtualBox and VMware hold the processor's extensions), or free some memory. ${LOOK_AT_DMESG}`,
  );
}

const LOOK_AT_DMESG = "`sudo dmesg | grep -i kvm` tells more.";

/**
 * What this host's KVM can do, in some 30 ms (more in an emulated machine): a VM of 128 KiB tries instructions that
 * every stock kernel uses, and how fast kernel-mode code runs. The calling thread is busy meanwhile.
 *
 * Does not reject for what the host lacks: `available` is false then, with `reason` and `remedy`.
 *
 * ```ts ignore
 * const verdict = await probeKvm();
 * if (!verdict.runsStockKernels) console.log(verdict.reason ?? "this KVM cannot run stock kernels");
 * ```
 */
export function probeKvm(options: DeviceOptions & { readonly host?: Host } = {}): Promise<KvmVerdict> {
  return Promise.try(() => {
    const device = openDevice(options.host ?? thisHost(), options);
    if (device.kvm === undefined) return unavailable(device.reason, device.remedy);
    using kvm = device.kvm;
    return judge(kvm);
  });
}

function judge(kvm: KvmDevice): KvmVerdict {
  try {
    using machine = new ProbeMachine(kvm);
    return verdictOf(tryBehaviour(machine, false));
  } catch (error) {
    if (error instanceof KernelError) return cannotCreate(error);
    throw error;
  }
}
