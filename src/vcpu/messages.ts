/**
 * What a machine's owner and its vCPU workers send each other by postMessage: the orders at the start, reports later.
 *
 * @module
 */

import type { BootEntry } from "../boot/entry.ts";
import type { MachinePlan } from "../machine_plan.ts";
import type { FaultReport } from "./fault.ts";

/** All that a worker needs to run its vCPU. */
export interface WorkerOrders {
  readonly plan: MachinePlan;
  readonly index: number;
  /** The vCPU's fd and the mapping of its `kvm_run`, both owned by the sender. */
  readonly vcpuFd: number;
  readonly runPage: { readonly address: bigint; readonly length: number };
  /** KVM_GET_SUPPORTED_CPUID's answer. */
  readonly supportedCpuid: Uint8Array;
  readonly tscDeadline: boolean;
  /** The processor's brand string. */
  readonly brand: string;
  /** Where vCPU 0 starts; the others wait for its INIT and SIPI. */
  readonly entry: BootEntry | undefined;
  readonly traceExits: boolean;
}

/** What a worker reports. */
export type WorkerMessage =
  | { readonly kind: "fault"; readonly report: FaultReport }
  | { readonly kind: "trace"; readonly vcpu: number; readonly lines: readonly string[] }
  | { readonly kind: "log"; readonly level: "info" | "warning" | "error"; readonly text: string }
  /** A defect of ours, or a host that refuses a vCPU's set-up: the machine ends. */
  | { readonly kind: "failure"; readonly text: string }
  /** The last one: the worker has left its vCPU, and everything that it had to say has been said. */
  | { readonly kind: "farewell" };
