/**
 * Structs of `arch/x86/include/uapi/asm/kvm.h`, field for field.
 *
 * @module
 */

import { array, struct, u16, u32, u64, u8 } from "../layout.ts";

/** General-purpose registers: KVM_GET_REGS, KVM_SET_REGS. */
export const kvm_regs = struct("kvm_regs", {
  rax: u64,
  rbx: u64,
  rcx: u64,
  rdx: u64,
  rsi: u64,
  rdi: u64,
  rsp: u64,
  rbp: u64,
  r8: u64,
  r9: u64,
  r10: u64,
  r11: u64,
  r12: u64,
  r13: u64,
  r14: u64,
  r15: u64,
  rip: u64,
  rflags: u64,
});

/** A segment register with its hidden part. */
export const kvm_segment = struct("kvm_segment", {
  base: u64,
  limit: u32,
  selector: u16,
  type: u8,
  present: u8,
  dpl: u8,
  db: u8,
  s: u8,
  l: u8,
  g: u8,
  avl: u8,
  unusable: u8,
  padding: u8,
});

/** GDTR or IDTR. */
export const kvm_dtable = struct("kvm_dtable", { base: u64, limit: u16, padding: array(u16, 3) });

/** System registers: KVM_GET_SREGS, KVM_SET_SREGS. */
export const kvm_sregs = struct("kvm_sregs", {
  cs: kvm_segment,
  ds: kvm_segment,
  es: kvm_segment,
  fs: kvm_segment,
  gs: kvm_segment,
  ss: kvm_segment,
  tr: kvm_segment,
  ldt: kvm_segment,
  gdt: kvm_dtable,
  idt: kvm_dtable,
  cr0: u64,
  cr2: u64,
  cr3: u64,
  cr4: u64,
  cr8: u64,
  efer: u64,
  apic_base: u64,
  interrupt_bitmap: array(u64, 4),
});

/** One CPUID leaf: KVM_GET_SUPPORTED_CPUID, KVM_SET_CPUID2. */
export const kvm_cpuid_entry2 = struct("kvm_cpuid_entry2", {
  function: u32,
  index: u32,
  flags: u32,
  eax: u32,
  ebx: u32,
  ecx: u32,
  edx: u32,
  padding: array(u32, 3),
});

/** Header of the CPUID table; the entries follow it (C's flexible array, hence the length of 0). */
export const kvm_cpuid2 = struct("kvm_cpuid2", {
  nent: u32,
  padding: u32,
  entries: array(kvm_cpuid_entry2, 0),
});

/** One model-specific register. */
export const kvm_msr_entry = struct("kvm_msr_entry", { index: u32, reserved: u32, data: u64 });

/** Header of an MSR list: KVM_GET_MSRS, KVM_SET_MSRS; the entries follow it. */
export const kvm_msrs = struct("kvm_msrs", { nmsrs: u32, pad: u32, entries: array(kvm_msr_entry, 0) });

/** The 8254: KVM_CREATE_PIT2. */
export const kvm_pit_config = struct("kvm_pit_config", { flags: u32, pad: array(u32, 15) });

/** The local APIC's register page: KVM_GET_LAPIC, KVM_SET_LAPIC. */
export const kvm_lapic_state = struct("kvm_lapic_state", { regs: array(u8, 1024) });

/** Argument of KVM_TRANSLATE. */
export const kvm_translation = struct("kvm_translation", {
  linear_address: u64,
  physical_address: u64,
  valid: u8,
  writeable: u8,
  usermode: u8,
  pad: array(u8, 5),
});
