/**
 * Constants of `include/uapi/linux/kvm.h` and `arch/x86/include/uapi/asm/kvm.h`.
 *
 * @module
 */

/** The only version there has been since 2007; anything else is another interface. */
export const KVM_API_VERSION = 12;

/** KVM_EXIT_*: why KVM_RUN returned. */
export const EXIT = {
  UNKNOWN: 0,
  EXCEPTION: 1,
  IO: 2,
  HYPERCALL: 3,
  DEBUG: 4,
  HLT: 5,
  MMIO: 6,
  IRQ_WINDOW_OPEN: 7,
  SHUTDOWN: 8,
  FAIL_ENTRY: 9,
  INTR: 10,
  SET_TPR: 11,
  TPR_ACCESS: 12,
  NMI: 16,
  INTERNAL_ERROR: 17,
  SYSTEM_EVENT: 24,
  IOAPIC_EOI: 26,
  HYPERV: 27,
  X86_RDMSR: 29,
  X86_WRMSR: 30,
  DIRTY_RING_FULL: 31,
  X86_BUS_LOCK: 33,
  XEN: 34,
  NOTIFY: 37,
  MEMORY_FAULT: 39,
} as const;

/** KVM_INTERNAL_ERROR_*: suberrors of an internal error. */
export const INTERNAL_ERROR = {
  EMULATION: 1,
  SIMUL_EX: 2,
  DELIVERY_EV: 3,
  UNEXPECTED_EXIT_REASON: 4,
} as const;

/** KVM_INTERNAL_ERROR_EMULATION_FLAG_INSTRUCTION_BYTES. */
export const EMULATION_FLAG_INSTRUCTION_BYTES = 1;

/** KVM_SYSTEM_EVENT_*. */
export const SYSTEM_EVENT = { SHUTDOWN: 1, RESET: 2, CRASH: 3 } as const;

/** KVM_EXIT_IO_OUT: the guest writes. */
export const IO_OUT = 1;

/** KVM_CAP_*: what KVM_CHECK_EXTENSION asks for. */
export const CAP = {
  IRQCHIP: 0,
  HLT: 1,
  USER_MEMORY: 3,
  SET_TSS_ADDR: 4,
  EXT_CPUID: 7,
  NR_VCPUS: 9,
  NR_MEMSLOTS: 10,
  MP_STATE: 14,
  IRQ_ROUTING: 25,
  IRQFD: 32,
  PIT2: 33,
  IOEVENTFD: 36,
  SET_IDENTITY_MAP_ADDR: 37,
  ADJUST_CLOCK: 39,
  VCPU_EVENTS: 41,
  INTERNAL_ERROR_DATA: 40,
  XSAVE: 55,
  XCRS: 56,
  TSC_CONTROL: 60,
  MAX_VCPUS: 66,
  TSC_DEADLINE_TIMER: 72,
  SIGNAL_MSI: 77,
  READONLY_MEM: 81,
  IMMEDIATE_EXIT: 136,
  X2APIC_API: 129,
  MAX_VCPU_ID: 128,
  NESTED_STATE: 157,
  XSAVE2: 208,
  DIRTY_LOG_RING: 192,
  EXIT_ON_EMULATION_FAILURE: 204,
} as const;

/** KVM_PIT_SPEAKER_DUMMY: KVM answers port 0x61 too. */
export const PIT_SPEAKER_DUMMY = 1;

/** KVM_CPUID_FLAG_SIGNIFCANT_INDEX (the header's spelling): the entry answers one index only. */
export const CPUID_SIGNIFICANT_INDEX = 1;

/** KVM_MP_STATE_*. */
export const MP_STATE = {
  RUNNABLE: 0,
  UNINITIALIZED: 1,
  INIT_RECEIVED: 2,
  HALTED: 3,
  SIPI_RECEIVED: 4,
} as const;

/** Flag of KVM_IOEVENTFD. */
export const IOEVENTFD_FLAG = { DATAMATCH: 1, PIO: 2, DEASSIGN: 4 } as const;

/** Flags of KVM_IRQFD. */
export const IRQFD_FLAG = { DEASSIGN: 1, RESAMPLE: 2 } as const;

/** KVM_IRQ_ROUTING_*: what a route leads to. */
export const IRQ_ROUTING = { IRQCHIP: 1, MSI: 2 } as const;

/** KVM_IRQCHIP_*: the in-kernel interrupt controllers of x86. */
export const IRQCHIP = { PIC_MASTER: 0, PIC_SLAVE: 1, IOAPIC: 2 } as const;
