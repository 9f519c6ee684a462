/**
 * What the owner of a machine and its workers tell one another.
 *
 * @module
 */

import type { BootEntry } from "../boot/entry.ts";
import type { CheckedConfig } from "../config/schema.ts";
import type { PlainError } from "../errors.ts";
import type { MachineHandles } from "../machine_handles.ts";
import type { MachinePlan, SerialPlan } from "../machine_plan.ts";
import type { BlockSettings } from "../virtio/block/config.ts";
import type { FaultReport } from "./fault.ts";

/** What is to be built. */
export interface BuildOrder {
  readonly config: CheckedConfig;
  /** How each serial port's far end is woken. */
  readonly serial: readonly SerialPlan[];
  /** What the configuration's disks turned out to be. */
  readonly disks: readonly BlockSettings[];
}

/** What every vCPU of a machine is set up by. */
export interface VcpuSetup {
  /** KVM_GET_SUPPORTED_CPUID's answer. */
  readonly supportedCpuid: Uint8Array;
  readonly tscDeadline: boolean;
  /** The processor's brand string. */
  readonly brand: string;
  /** Where vCPU 0 starts; the others wait for its INIT and SIPI. */
  readonly entry: BootEntry;
  readonly traceExits: boolean;
}

/** A machine, built and with its kernel loaded. The handles in it belong to whoever has it. */
export interface BuiltMachine {
  readonly handles: MachineHandles;
  readonly plan: MachinePlan;
  readonly setup: VcpuSetup;
}

/** What the owner tells a worker, once. */
export type WorkerOrder =
  /** To vCPU 0's: build the machine, report it, and run the vCPU. */
  | { readonly kind: "build"; readonly order: BuildOrder }
  /** To the others': run a vCPU of a machine that was built. */
  | { readonly kind: "join"; readonly index: number; readonly built: BuiltMachine };

/** What a worker reports. */
export type WorkerMessage =
  /** The machine is there, the receiver's from now on, and vCPU 0 begins to run. */
  | { readonly kind: "built"; readonly built: BuiltMachine }
  /** It could not be built, and nothing of it is left. */
  | { readonly kind: "refused"; readonly error: PlainError }
  | { readonly kind: "fault"; readonly report: FaultReport }
  | { readonly kind: "trace"; readonly vcpu: number; readonly lines: readonly string[] }
  | { readonly kind: "log"; readonly level: "info" | "warning" | "error"; readonly text: string }
  /** A defect of ours, or a host that refuses a vCPU's set-up: the machine ends. */
  | { readonly kind: "failure"; readonly text: string }
  /** The last one: the worker has left its vCPU, and everything that it had to say has been said. */
  | { readonly kind: "farewell" };
