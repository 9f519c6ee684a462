/**
 * ioctl requests of `/dev/kvm`, of a VM and of a vCPU (`include/uapi/linux/kvm.h`), by kind of fd.
 *
 * @module
 */

import { io, ior, iow, iowr } from "../ioctl.ts";
import { u64 } from "../layout.ts";
import {
  kvm_enable_cap,
  kvm_ioeventfd,
  kvm_irq_level,
  kvm_irq_routing,
  kvm_irqfd,
  kvm_mp_state,
  kvm_msi,
  kvm_userspace_memory_region,
} from "./kvm.ts";
import {
  kvm_cpuid2,
  kvm_lapic_state,
  kvm_msrs,
  kvm_pit_config,
  kvm_regs,
  kvm_sregs,
  kvm_translation,
} from "./kvm_x86.ts";

/** KVMIO */
const KVM = 0xae;

/** Requests to `/dev/kvm`. */
export const SYSTEM_IOCTL = {
  KVM_GET_API_VERSION: io(KVM, 0x00),
  KVM_CREATE_VM: io(KVM, 0x01),
  KVM_CHECK_EXTENSION: io(KVM, 0x03),
  KVM_GET_VCPU_MMAP_SIZE: io(KVM, 0x04),
  KVM_GET_SUPPORTED_CPUID: iowr(KVM, 0x05, kvm_cpuid2),
} as const;

/** Requests to a VM. */
export const VM_IOCTL = {
  KVM_CREATE_VCPU: io(KVM, 0x41),
  KVM_SET_USER_MEMORY_REGION: iow(KVM, 0x46, kvm_userspace_memory_region),
  KVM_SET_TSS_ADDR: io(KVM, 0x47),
  KVM_SET_IDENTITY_MAP_ADDR: iow(KVM, 0x48, u64),
  KVM_CREATE_IRQCHIP: io(KVM, 0x60),
  KVM_IRQ_LINE: iow(KVM, 0x61, kvm_irq_level),
  KVM_SET_GSI_ROUTING: iow(KVM, 0x6a, kvm_irq_routing),
  KVM_IRQFD: iow(KVM, 0x76, kvm_irqfd),
  KVM_CREATE_PIT2: iow(KVM, 0x77, kvm_pit_config),
  KVM_IOEVENTFD: iow(KVM, 0x79, kvm_ioeventfd),
  KVM_ENABLE_CAP: iow(KVM, 0xa3, kvm_enable_cap),
  KVM_SIGNAL_MSI: iow(KVM, 0xa5, kvm_msi),
} as const;

/** Requests to a vCPU. */
export const VCPU_IOCTL = {
  KVM_RUN: io(KVM, 0x80),
  KVM_GET_REGS: ior(KVM, 0x81, kvm_regs),
  KVM_SET_REGS: iow(KVM, 0x82, kvm_regs),
  KVM_GET_SREGS: ior(KVM, 0x83, kvm_sregs),
  KVM_SET_SREGS: iow(KVM, 0x84, kvm_sregs),
  KVM_TRANSLATE: iowr(KVM, 0x85, kvm_translation),
  KVM_GET_MSRS: iowr(KVM, 0x88, kvm_msrs),
  KVM_SET_MSRS: iow(KVM, 0x89, kvm_msrs),
  KVM_GET_LAPIC: ior(KVM, 0x8e, kvm_lapic_state),
  KVM_SET_LAPIC: iow(KVM, 0x8f, kvm_lapic_state),
  KVM_SET_CPUID2: iow(KVM, 0x90, kvm_cpuid2),
  KVM_GET_MP_STATE: ior(KVM, 0x98, kvm_mp_state),
  KVM_SET_MP_STATE: iow(KVM, 0x99, kvm_mp_state),
} as const;
