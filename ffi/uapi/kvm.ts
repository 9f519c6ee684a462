/**
 * Structs of `include/uapi/linux/kvm.h` that are the same on every architecture, field for field.
 *
 * @module
 */

import { array, i32, struct, u16, u32, u64, u8, union } from "../layout.ts";

/** Argument of KVM_SET_USER_MEMORY_REGION. */
export const kvm_userspace_memory_region = struct("kvm_userspace_memory_region", {
  slot: u32,
  flags: u32,
  guest_phys_addr: u64,
  memory_size: u64,
  userspace_addr: u64,
});

/** Argument of KVM_IRQ_LINE. */
export const kvm_irq_level = struct("kvm_irq_level", { irq: u32, level: u32 });

/** Argument of KVM_GET_MP_STATE and KVM_SET_MP_STATE. */
export const kvm_mp_state = struct("kvm_mp_state", { mp_state: u32 });

/** Argument of KVM_ENABLE_CAP. */
export const kvm_enable_cap = struct("kvm_enable_cap", {
  cap: u32,
  flags: u32,
  args: array(u64, 4),
  pad: array(u8, 64),
});

/** KVM_EXIT_IO: `data_offset` counts from the start of `kvm_run`. */
export const kvm_run_io = struct("kvm_run_io", {
  direction: u8,
  size: u8,
  port: u16,
  count: u32,
  data_offset: u64,
});

/** KVM_EXIT_MMIO. */
export const kvm_run_mmio = struct("kvm_run_mmio", {
  phys_addr: u64,
  data: array(u8, 8),
  len: u32,
  is_write: u8,
});

/** KVM_EXIT_INTERNAL_ERROR. For an emulation failure data[0] holds flags and data[1], data[2] the instruction bytes. */
export const kvm_run_internal = struct("kvm_run_internal", {
  suberror: u32,
  ndata: u32,
  data: array(u64, 16),
});

/** `emulation_failure`, the other reading of an internal error: insn_size and insn_bytes are valid if flags bit 0 is set. */
export const kvm_run_emulation_failure = struct("kvm_run_emulation_failure", {
  suberror: u32,
  ndata: u32,
  flags: u64,
  insn_size: u8,
  insn_bytes: array(u8, 15),
});

/** KVM_EXIT_FAIL_ENTRY. */
export const kvm_run_fail_entry = struct("kvm_run_fail_entry", {
  hardware_entry_failure_reason: u64,
  cpu: u32,
});

/** KVM_EXIT_EXCEPTION. */
export const kvm_run_exception = struct("kvm_run_exception", { exception: u32, error_code: u32 });

/** KVM_EXIT_UNKNOWN. */
export const kvm_run_hw = struct("kvm_run_hw", { hardware_exit_reason: u64 });

/** KVM_EXIT_SYSTEM_EVENT. */
export const kvm_run_system_event = struct("kvm_run_system_event", {
  type: u32,
  ndata: u32,
  data: array(u64, 16),
});

/** KVM_EXIT_X86_RDMSR and KVM_EXIT_X86_WRMSR. */
export const kvm_run_msr = struct("kvm_run_msr", {
  error: u8,
  pad: array(u8, 7),
  reason: u32,
  index: u32,
  data: u64,
});

/** KVM_EXIT_MEMORY_FAULT. */
export const kvm_run_memory_fault = struct("kvm_run_memory_fault", { flags: u64, gpa: u64, size: u64 });

/** The union of `kvm_run` that an exit reason selects a member of. */
export const kvm_run_exit = union("kvm_run_exit", {
  hw: kvm_run_hw,
  fail_entry: kvm_run_fail_entry,
  ex: kvm_run_exception,
  io: kvm_run_io,
  mmio: kvm_run_mmio,
  internal: kvm_run_internal,
  emulation_failure: kvm_run_emulation_failure,
  system_event: kvm_run_system_event,
  msr: kvm_run_msr,
  memory_fault: kvm_run_memory_fault,
  padding: array(u8, 256),
});

/** The page shared with KVM for each vCPU. The kernel's union is anonymous: `exit` names it here. */
export const kvm_run = struct("kvm_run", {
  request_interrupt_window: u8,
  immediate_exit: u8,
  padding1: array(u8, 6),
  exit_reason: u32,
  ready_for_interrupt_injection: u8,
  if_flag: u8,
  flags: u16,
  cr8: u64,
  apic_base: u64,
  exit: kvm_run_exit,
  kvm_valid_regs: u64,
  kvm_dirty_regs: u64,
  s: array(u8, 2048),
});

/** Argument of KVM_IOEVENTFD. */
export const kvm_ioeventfd = struct("kvm_ioeventfd", {
  datamatch: u64,
  addr: u64,
  len: u32,
  fd: i32,
  flags: u32,
  pad: array(u8, 36),
});

/** Argument of KVM_IRQFD. */
export const kvm_irqfd = struct("kvm_irqfd", {
  fd: u32,
  gsi: u32,
  flags: u32,
  resamplefd: u32,
  pad: array(u8, 16),
});

/** Argument of KVM_SIGNAL_MSI: a message-signalled interrupt, as the write that makes it. */
export const kvm_msi = struct("kvm_msi", {
  address_lo: u32,
  address_hi: u32,
  data: u32,
  flags: u32,
  devid: u32,
  pad: array(u8, 12),
});

/** A route to a pin of an in-kernel interrupt controller. */
export const kvm_irq_routing_irqchip = struct("kvm_irq_routing_irqchip", { irqchip: u32, pin: u32 });

/** A route to a message-signalled interrupt. The header's last member is a union of a padding and `devid`. */
export const kvm_irq_routing_msi = struct("kvm_irq_routing_msi", {
  address_lo: u32,
  address_hi: u32,
  data: u32,
  devid: u32,
});

/** One route: where `gsi` leads. `type` selects a member of the union. */
export const kvm_irq_routing_entry = struct("kvm_irq_routing_entry", {
  gsi: u32,
  type: u32,
  flags: u32,
  pad: u32,
  u: union("kvm_irq_routing_target", {
    irqchip: kvm_irq_routing_irqchip,
    msi: kvm_irq_routing_msi,
    // C has 8 words of 32 bits, and members of other architectures that align the whole to 64.
    pad: array(u64, 4),
  }),
});

/** Header of the routing table: KVM_SET_GSI_ROUTING; the entries follow it and replace all routes that there were. */
export const kvm_irq_routing = struct("kvm_irq_routing", {
  nr: u32,
  flags: u32,
  entries: array(kvm_irq_routing_entry, 0),
});
