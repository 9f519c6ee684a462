/**
 * What is told when a guest cannot go on: why, where, with which registers and instruction, and what to do.
 *
 * @module
 */

import { KernelError } from "../../ffi/errno.ts";
import type { KvmVcpu } from "../../ffi/kvm/vcpu.ts";
import { EMULATION_FLAG_INSTRUCTION_BYTES, EXIT, INTERNAL_ERROR } from "../../ffi/uapi/kvm_constants.ts";
import type { GuestRam } from "../memory/guest_memory.ts";
import type { RunPage } from "./run_page.ts";

/** A vCPU's last state, as plain data for another thread. */
export interface FaultReport {
  readonly vcpu: number;
  /** One line: the exit or error, with its numbers. */
  readonly summary: string;
  /** The errno of KVM_RUN, or 0. */
  readonly errno: number;
  /** KVM_EXIT_* and, for an internal error, its suberror. */
  readonly reason: number;
  readonly suberror: number;
  /** RIP in hexadecimal. */
  readonly rip: string;
  /** Instruction bytes at RIP in hexadecimal, as far as they can be read. */
  readonly instruction: string;
  /** Register dump, several lines. */
  readonly registers: string;
}

/** True if KVM could not emulate an instruction: on a host without VMX or SVM that is the end of every stock kernel. */
export function isEmulationFailure(report: Pick<FaultReport, "reason" | "suberror">): boolean {
  return report.reason === EXIT.INTERNAL_ERROR && report.suberror === INTERNAL_ERROR.EMULATION;
}

/** What is asked of a vCPU that failed. */
export type FailedVcpu = Pick<KvmVcpu, "registers" | "systemRegisters" | "translate">;

/** Collects the report on the vCPU's own thread. `errno` is that of KVM_RUN, 0 for an exit. */
export function reportFault(
  index: number,
  vcpu: FailedVcpu,
  run: RunPage,
  ram: GuestRam,
  errno: number,
): FaultReport {
  const summary = errno === 0 ? describeExit(run) : new KernelError("ioctl KVM_RUN", errno).message;
  const { reason } = run;
  const suberror = reason === EXIT.INTERNAL_ERROR ? run.details().internal.suberror : 0;
  let regs, sregs;
  try {
    regs = vcpu.registers();
    sregs = vcpu.systemRegisters();
  } catch (error) {
    // A VM that KVM has given up answers nothing any more; what KVM_RUN said is still worth telling.
    const registers = `registers unknown: ${error instanceof Error ? error.message : error}`;
    return { vcpu: index, summary, errno, reason, suberror, rip: "unknown", instruction: "", registers };
  }
  const hex = (value: bigint) => value.toString(16).padStart(16, "0");
  const general = ["rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp"] as const;
  const extended = ["r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"] as const;
  const row = (names: readonly (keyof typeof regs & string)[]) =>
    names.map((name) => `${name.padEnd(3)} ${hex(regs[name] as bigint)}`).join("  ");
  const segment = (name: "cs" | "ss" | "ds") =>
    `${name} ${sregs[name].selector.toString(16).padStart(4, "0")} base ${hex(sregs[name].base)}`;
  return {
    vcpu: index,
    summary,
    errno,
    reason,
    suberror,
    rip: `0x${regs.rip.toString(16)}`,
    instruction: instructionBytes(vcpu, run, ram, sregs.cs.base + regs.rip),
    registers: [
      row(general.slice(0, 4)),
      row(general.slice(4)),
      row(extended.slice(0, 4)),
      row(extended.slice(4)),
      `rip ${hex(regs.rip)}  rflags ${hex(regs.rflags)}`,
      `${segment("cs")}  ${segment("ss")}  cpl ${sregs.ss.dpl}`,
      `cr0 ${hex(sregs.cr0)}  cr2 ${hex(sregs.cr2)}  cr3 ${hex(sregs.cr3)}  cr4 ${hex(sregs.cr4)}  efer ${
        hex(sregs.efer)
      }`,
    ].join("\n"),
  };
}

/** Names of exit reasons, from the constants. */
export function exitName(reason: number): string {
  const name = Object.entries(EXIT).find(([, value]) => value === reason)?.[0];
  return name === undefined ? `KVM_EXIT reason ${reason}` : `KVM_EXIT_${name}`;
}

function describeExit(run: RunPage): string {
  const details = run.details();
  const name = exitName(run.reason);
  switch (run.reason) {
    case EXIT.INTERNAL_ERROR: {
      const suberror = details.internal.suberror;
      const kind = Object.entries(INTERNAL_ERROR).find(([, value]) => value === suberror)?.[0] ?? "unknown";
      const data = Array.from(details.internal.data.subarray(0, Math.min(16, details.internal.ndata)));
      return `${name}, suberror ${suberror} (${kind.toLowerCase().replaceAll("_", " ")})` +
        (data.length === 0 ? "" : `, data ${data.map((word) => word.toString(16)).join(" ")}`);
    }
    case EXIT.FAIL_ENTRY:
      return `${name}: the processor refused the guest's state, reason 0x${
        details.fail_entry.hardware_entry_failure_reason.toString(16)
      }`;
    case EXIT.UNKNOWN:
      return `${name}: hardware exit 0x${details.hw.hardware_exit_reason.toString(16)}`;
    case EXIT.EXCEPTION:
      return `${name}: exception ${details.ex.exception}, error code 0x${details.ex.error_code.toString(16)}`;
    case EXIT.MEMORY_FAULT:
      return `${name}: guest-physical 0x${details.memory_fault.gpa.toString(16)}`;
    case EXIT.SYSTEM_EVENT:
      return `${name}: type ${details.system_event.type}`;
    default:
      return name;
  }
}

/** KVM's own copy of the bytes where it gives one, else what guest memory holds at the address. */
function instructionBytes(vcpu: FailedVcpu, run: RunPage, ram: GuestRam, linear: bigint): string {
  const failure = run.details().emulation_failure;
  if (
    run.reason === EXIT.INTERNAL_ERROR && failure.suberror === INTERNAL_ERROR.EMULATION &&
    failure.ndata >= 3 && (failure.flags_lo & EMULATION_FLAG_INSTRUCTION_BYTES) !== 0
  ) {
    return toHex(failure.insn_bytes.subarray(0, Math.min(15, failure.insn_size)));
  }
  try {
    const gpa = vcpu.translate(linear);
    if (gpa === undefined) return "";
    return toHex(ram.view(gpa, Math.min(15, 4096 - gpa % 4096)));
  } catch {
    return ""; // not RAM, or KVM cannot translate: the rest of the report still stands
  }
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
}
