/**
 * What all workers of a machine need to know of it: plain data, sent once to each.
 *
 * @module
 */

import { LINK_BYTES } from "./console/link.ts";
import type { AddressWindow } from "./pci/window.ts";
import type { BlockSettings } from "./virtio/block/config.ts";
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
  /** The PCI bus, if there is one: then virtio devices are its functions, else they have windows of their own. */
  readonly pci?: PciPlan | undefined;
  /** Virtio devices, in the order of their places on the board. */
  readonly virtio: readonly VirtioPlan[];
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

/** A PCI bus, with the windows in which BARs may lie. */
export interface PciPlan {
  /** Bytes of its state. */
  readonly stateBytes: number;
  readonly window32: AddressWindow;
  /** Above 4 GiB, where the processor's addresses reach it. */
  readonly window64: AddressWindow | undefined;
}

/** A virtio device and its wires, which are eventfds owned by whoever holds the machine. */
export interface VirtioPlan {
  readonly kind: "block";
  readonly settings: BlockSettings;
  /** Wakes the device's worker: by queue, and for new orders. */
  readonly queueFds: readonly number[];
  readonly orderFd: number;
  /** Interrupts the guest by a line. On PCI the worker sends messages, or sets the function's pin. */
  readonly interruptFd?: number | undefined;
}

/** Enough for the state of all devices of the board but the PCI bus, whose slots take more than all others together. */
const SAVED_BYTES = 32 * 1024;
/** Enough for all locks, bells and the like beside links and vCPU words. */
const SCRATCH_BASE_BYTES = 4 * 1024;

/** Fresh shared memory for a machine with so many vCPUs and character devices, and with a PCI bus if it has one. */
export function allocateState(
  cpus: number,
  links: number,
  pci?: PciPlan,
): Pick<MachinePlan, "saved" | "scratch"> {
  return {
    saved: new SharedArrayBuffer(SAVED_BYTES + (pci?.stateBytes ?? 0)),
    scratch: new SharedArrayBuffer(SCRATCH_BASE_BYTES + cpus * VCPU_CONTROL_BYTES + links * LINK_BYTES),
  };
}
