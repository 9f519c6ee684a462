/**
 * `/dev/kvm`: what the host can do, and new VMs.
 *
 * @module
 */

import { ERRNO } from "../errno.ts";
import { O_RDWR, OwnedFd } from "../fd.ts";
import { check, libc } from "../libc.ts";
import { SYSTEM_IOCTL } from "../uapi/kvm_ioctls.ts";
import { CpuidTable } from "./cpuid_table.ts";
import { KvmVm } from "./vm.ts";

/** More CPUID leaves than any KVM reports. */
const MAX_CPUID_ENTRIES = 256;

/** An open `/dev/kvm`. */
export class KvmSystem implements Disposable {
  readonly #fd: OwnedFd;

  private constructor(fd: OwnedFd) {
    this.#fd = fd;
  }

  /** Opens the device. Throws KernelError: ENOENT without KVM, EACCES without permission. */
  static open(path = "/dev/kvm"): KvmSystem {
    return new KvmSystem(OwnedFd.open(path, O_RDWR));
  }

  /** KVM_GET_API_VERSION: 12 on every kernel since 2.6.22. */
  apiVersion(): number {
    return check(
      libc().ioctl_int(this.#fd.number, SYSTEM_IOCTL.KVM_GET_API_VERSION, 0),
      "ioctl KVM_GET_API_VERSION",
    );
  }

  /** KVM_CHECK_EXTENSION: 0 if the capability is absent, else a positive number that may carry more. */
  checkExtension(capability: number): number {
    return Math.max(0, libc().ioctl_int(this.#fd.number, SYSTEM_IOCTL.KVM_CHECK_EXTENSION, capability));
  }

  /** KVM_GET_VCPU_MMAP_SIZE: bytes of `kvm_run` and what follows it, to be mapped from each vCPU. */
  vcpuMmapSize(): number {
    return check(
      libc().ioctl_int(this.#fd.number, SYSTEM_IOCTL.KVM_GET_VCPU_MMAP_SIZE, 0),
      "ioctl KVM_GET_VCPU_MMAP_SIZE",
    );
  }

  /** KVM_GET_SUPPORTED_CPUID: the leaves that this host's KVM can give to a guest. */
  supportedCpuid(): CpuidTable {
    const table = CpuidTable.forFilling(MAX_CPUID_ENTRIES);
    check(
      libc().ioctl_buffer(this.#fd.number, SYSTEM_IOCTL.KVM_GET_SUPPORTED_CPUID, table.bytes),
      "ioctl KVM_GET_SUPPORTED_CPUID",
    );
    return table;
  }

  /**
   * KVM_CREATE_VM: a VM without memory or vCPUs. Begun again when a signal arrives meanwhile (a resized terminal, say):
   * unlike KVM_RUN's, this EINTR is no answer to anybody.
   */
  createVm(): KvmVm {
    const c = libc();
    let result: number;
    do result = c.ioctl_int(this.#fd.number, SYSTEM_IOCTL.KVM_CREATE_VM, 0); while (
      result < 0 && c.errno() === ERRNO.EINTR
    );
    const fd = check(
      result,
      "ioctl KVM_CREATE_VM",
      {
        [ERRNO.ENOMEM]: "the host has no memory for another VM",
        [ERRNO.EBUSY]: "another hypervisor holds the processor's virtualization extensions",
      },
    );
    return new KvmVm(new OwnedFd(fd));
  }

  /** Closes `/dev/kvm`; VMs made from it live on. */
  [Symbol.dispose](): void {
    this.#fd[Symbol.dispose]();
  }
}
