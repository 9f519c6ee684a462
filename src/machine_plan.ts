/**
 * What all workers of a machine need to know of it: plain data, sent once to each.
 *
 * @module
 */

import { LINK_BYTES } from "./console/link.ts";
import { VCPU_CONTROL_BYTES } from "./vcpu/control.ts";

/** A machine, as its workers see it. */
export interface MachinePlan {
  /** The VM's fd. */
  readonly vmFd: number;
  readonly cpus: number;
  /** Bytes of RAM. */
  readonly ramSize: number;
  /** COM1 to COM4, as many as there are; `eventFd` wakes a far end that sleeps in poll(2). */
  readonly serial: readonly SerialPlan[];
  readonly debugConsole: boolean;
  readonly debugExit: boolean;
  /** Device state: what a snapshot saves. */
  readonly saved: SharedArrayBuffer;
  /** Locks, queues to the host, orders to vCPUs: what a snapshot leaves out. */
  readonly scratch: SharedArrayBuffer;
}

/** What is at the far end of a serial port. */
export interface SerialPlan {
  /** Nothing: output is swallowed and no input comes. */
  readonly unplugged: boolean;
  /** An eventfd that wakes the far end; undefined where it sleeps on shared memory. */
  readonly eventFd?: number | undefined;
}

/** Enough for the state of all devices of the board. */
const SAVED_BYTES = 8 * 1024;
/** Enough for all locks, bells and the like beside links and vCPU words. */
const SCRATCH_BASE_BYTES = 4 * 1024;

/** Fresh shared memory for a machine with so many vCPUs and character devices. */
export function allocateState(cpus: number, links: number): Pick<MachinePlan, "saved" | "scratch"> {
  return {
    saved: new SharedArrayBuffer(SAVED_BYTES),
    scratch: new SharedArrayBuffer(SCRATCH_BASE_BYTES + cpus * VCPU_CONTROL_BYTES + links * LINK_BYTES),
  };
}
