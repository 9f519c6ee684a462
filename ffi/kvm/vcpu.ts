/**
 * A vCPU's file descriptor, used by the one thread that runs it.
 *
 * @module
 */

import type { View } from "../layout.ts";
import { check, libc } from "../libc.ts";
import { kvm_mp_state } from "../uapi/kvm.ts";
import { VCPU_IOCTL } from "../uapi/kvm_ioctls.ts";
import {
  kvm_lapic_state,
  kvm_msr_entry,
  kvm_msrs,
  kvm_regs,
  kvm_sregs,
  kvm_translation,
} from "../uapi/kvm_x86.ts";
import type { CpuidTable } from "./cpuid_table.ts";

/** A vCPU whose fd somebody else owns. */
export class KvmVcpu {
  readonly #libc = libc();

  /** @param fd of the vCPU, open for as long as this object is used */
  constructor(readonly fd: number) {}

  /**
   * KVM_RUN: 0 when the guest left with an exit (see `kvm_run`), else the errno. EINTR is surfaced, never retried:
   * it is how a kick ends a run.
   */
  run(): number {
    return this.#libc.ioctl_int(this.fd, VCPU_IOCTL.KVM_RUN, 0) === 0 ? 0 : this.#libc.errno();
  }

  /** KVM_GET_REGS: general registers, RIP and RFLAGS, as a copy. */
  registers(): View<typeof kvm_regs> {
    return this.#get(kvm_regs.create(), VCPU_IOCTL.KVM_GET_REGS, "KVM_GET_REGS");
  }

  /** KVM_SET_REGS. */
  setRegisters(registers: View<typeof kvm_regs>): void {
    this.#set(registers.$bytes, VCPU_IOCTL.KVM_SET_REGS, "KVM_SET_REGS");
  }

  /** KVM_GET_SREGS: segments, control registers, descriptor tables, as a copy. */
  systemRegisters(): View<typeof kvm_sregs> {
    return this.#get(kvm_sregs.create(), VCPU_IOCTL.KVM_GET_SREGS, "KVM_GET_SREGS");
  }

  /** KVM_SET_SREGS. */
  setSystemRegisters(registers: View<typeof kvm_sregs>): void {
    this.#set(registers.$bytes, VCPU_IOCTL.KVM_SET_SREGS, "KVM_SET_SREGS");
  }

  /** KVM_SET_CPUID2: what the guest's CPUID instruction answers; before the first KVM_RUN. */
  setCpuid(table: CpuidTable): void {
    this.#set(table.bytes, VCPU_IOCTL.KVM_SET_CPUID2, "KVM_SET_CPUID2");
  }

  /** KVM_SET_MSRS of one register. Returns false where the host refuses it. */
  setMsr(index: number, value: bigint): boolean {
    const request = new ArrayBuffer(kvm_msrs.size + kvm_msr_entry.size);
    kvm_msrs.at(request).nmsrs = 1;
    const entry = kvm_msr_entry.at(request, kvm_msrs.size);
    entry.index = index;
    entry.data = value;
    return this.#libc.ioctl_buffer(this.fd, VCPU_IOCTL.KVM_SET_MSRS, new Uint8Array(request)) === 1;
  }

  /** KVM_GET_MSRS of one register, or undefined where the host refuses it. */
  msr(index: number): bigint | undefined {
    const request = new ArrayBuffer(kvm_msrs.size + kvm_msr_entry.size);
    kvm_msrs.at(request).nmsrs = 1;
    const entry = kvm_msr_entry.at(request, kvm_msrs.size);
    entry.index = index;
    const done = this.#libc.ioctl_buffer(this.fd, VCPU_IOCTL.KVM_GET_MSRS, new Uint8Array(request));
    return done === 1 ? entry.data : undefined;
  }

  /** KVM_GET_LAPIC: the local APIC's registers, as a copy. */
  localApic(): View<typeof kvm_lapic_state> {
    return this.#get(kvm_lapic_state.create(), VCPU_IOCTL.KVM_GET_LAPIC, "KVM_GET_LAPIC");
  }

  /** KVM_SET_LAPIC. */
  setLocalApic(state: View<typeof kvm_lapic_state>): void {
    this.#set(state.$bytes, VCPU_IOCTL.KVM_SET_LAPIC, "KVM_SET_LAPIC");
  }

  /** KVM_GET_MP_STATE: one of MP_STATE. */
  mpState(): number {
    return this.#get(kvm_mp_state.create(), VCPU_IOCTL.KVM_GET_MP_STATE, "KVM_GET_MP_STATE").mp_state;
  }

  /** KVM_TRANSLATE: the guest-physical address behind a linear one, or undefined where nothing is mapped. */
  translate(linear: bigint): number | undefined {
    const request = kvm_translation.create();
    request.linear_address = linear;
    this.#get(request, VCPU_IOCTL.KVM_TRANSLATE, "KVM_TRANSLATE");
    return request.valid === 0 ? undefined : request.physical_address_num;
  }

  #get<T extends { $bytes: Uint8Array<ArrayBuffer> }>(into: T, request: number, name: string): T {
    check(this.#libc.ioctl_buffer(this.fd, request, into.$bytes), `ioctl ${name}`);
    return into;
  }

  #set(bytes: Uint8Array<ArrayBuffer>, request: number, name: string): void {
    check(this.#libc.ioctl_buffer(this.fd, request, bytes), `ioctl ${name}`);
  }
}
