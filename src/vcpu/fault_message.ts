/**
 * A fault report in words, with the remedy where it is known.
 *
 * @module
 */

import { ERRNO } from "../../ffi/errno.ts";
import { EXIT } from "../../ffi/uapi/kvm_constants.ts";
import { GuestError } from "../errors.ts";
import { type FaultReport, isEmulationFailure } from "./fault.ts";
import { interpretsKernelMode } from "./flavour.ts";

/** What the message depends on beside the report. */
export interface FaultContext {
  /** The host's KVM is `kvm_pvm`: it interprets kernel-mode code. */
  readonly interpretsKernelMode: boolean;
}

/** What is known of this host. */
export function hostFlavour(): FaultContext {
  return { interpretsKernelMode: interpretsKernelMode() };
}

/** The error that `Vm.wait` rejects with. */
export function faultError(report: FaultReport, context: FaultContext): GuestError {
  const lines = [
    `the guest cannot go on: vCPU ${report.vcpu}: ${report.summary}`,
    `  at rip ${report.rip}${report.instruction === "" ? "" : `, instruction bytes ${report.instruction}`}`,
    ...report.registers.split("\n").map((line) => `  ${line}`),
  ];
  const hint = remedy(report, context);
  return new GuestError(lines.join("\n"), hint === undefined ? {} : { hint });
}

function remedy(report: FaultReport, { interpretsKernelMode }: FaultContext): string | undefined {
  if (isEmulationFailure(report) && report.instruction === "") {
    return "There is no RAM at that address: the guest jumped astray, or its memory is smaller than it believes.";
  }
  if (isEmulationFailure(report)) {
    return interpretsKernelMode
      ? "This host's KVM is kvm_pvm: it interprets kernel-mode code and lacks instructions that every stock kernel " +
        "uses, so it cannot run unmodified kernels. Alternatives: run it in the lab (`denovisor lab -- …`, or " +
        "`denovisor demo`), use a host with VMX or SVM, or start the embedded guest (`denovisor run`)."
      : "KVM met an instruction that it cannot emulate, usually an access to a device by an unusual instruction, or " +
        "a jump into memory that is no RAM.";
  }
  if (report.reason === EXIT.FAIL_ENTRY && report.errno === 0) {
    return "On old Intel processors without unrestricted guest, real and unpaged modes are limited: boot a 64-bit kernel.";
  }
  if (report.errno === ERRNO.EFAULT) {
    return "The host could not provide a page of the guest's memory: it is probably out of memory.";
  }
  if (report.errno === 0 && report.reason === EXIT.HLT) {
    return "The guest halted with interrupts off, and nothing can wake it.";
  }
  return undefined;
}
