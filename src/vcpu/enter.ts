/**
 * Brings a vCPU to the state in which it starts.
 *
 * @module
 */

import type { CpuidTable } from "../../ffi/kvm/cpuid_table.ts";
import type { KvmVcpu } from "../../ffi/kvm/vcpu.ts";
import { kvm_regs } from "../../ffi/uapi/kvm_x86.ts";
import type { BootEntry, EntryRegister, SegmentState } from "../boot/entry.ts";
import { type CpuTopology, guestCpuid } from "../cpu/cpuid.ts";
import { wireLocalApic } from "../cpu/local_apic.ts";
import { BOOT_MSRS } from "../cpu/msrs.ts";

/** Sets CPUID, MSRs and the local APIC. Returns the names of MSRs that the host refused. */
export function prepareVcpu(vcpu: KvmVcpu, supported: CpuidTable, topology: CpuTopology): string[] {
  vcpu.setCpuid(guestCpuid(supported, topology));
  wireLocalApic(vcpu);
  return BOOT_MSRS.filter(({ index, clear, set }) =>
    !vcpu.setMsr(index, (vcpu.msr(index) ?? 0n) & ~clear | set)
  ).map((msr) => msr.name);
}

/** Puts vCPU 0 at the guest's first instruction. */
export function enterGuest(vcpu: KvmVcpu, entry: BootEntry): void {
  const sregs = vcpu.systemRegisters();
  for (const name of ["cs", "ds", "es", "fs", "gs", "ss", "tr", "ldt"] as const) {
    setSegment(sregs[name], entry.segments[name]);
  }
  for (const name of ["gdt", "idt"] as const) {
    sregs[name].base_num = entry[name].base;
    sregs[name].limit = entry[name].limit;
  }
  sregs.cr0_num = entry.cr0;
  sregs.cr3_num = entry.pageTable ?? 0;
  sregs.cr4_num = entry.cr4;
  sregs.efer_num = entry.efer;
  vcpu.setSystemRegisters(sregs);

  const regs = kvm_regs.create();
  for (const [name, value] of Object.entries(entry.registers)) regs[`${name as EntryRegister}_num`] = value;
  regs.rip_num = entry.rip;
  regs.rflags_num = entry.rflags;
  vcpu.setRegisters(regs);
}

type KvmSegment = ReturnType<KvmVcpu["systemRegisters"]>["cs"];

function setSegment(target: KvmSegment, source: SegmentState): void {
  target.selector = source.selector;
  target.base_num = source.base;
  target.limit = source.limit;
  target.type = source.type;
  target.s = source.s;
  target.dpl = source.dpl;
  target.present = source.present;
  target.db = source.db;
  target.l = source.l;
  target.g = source.g;
  target.avl = 0;
  target.unusable = source.present === 0 ? 1 : 0;
}
