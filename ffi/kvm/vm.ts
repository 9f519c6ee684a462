/**
 * A VM's file descriptor: memory slots, interrupt controllers, vCPUs.
 *
 * @module
 */

import { ERRNO } from "../errno.ts";
import { OwnedFd } from "../fd.ts";
import { check, libc } from "../libc.ts";
import { kvm_enable_cap, kvm_userspace_memory_region } from "../uapi/kvm.ts";
import { PIT_SPEAKER_DUMMY } from "../uapi/kvm_constants.ts";
import { SYSTEM_IOCTL, VM_IOCTL } from "../uapi/kvm_ioctls.ts";
import { kvm_pit_config } from "../uapi/kvm_x86.ts";

/** A VM. Closing it while a vCPU or a mapping of one is open keeps it alive in the kernel. */
export class KvmVm implements Disposable {
  readonly #fd: OwnedFd;

  /** Takes over the fd of a VM. */
  constructor(fd: OwnedFd) {
    this.#fd = fd;
  }

  /** The fd's number, for threads that borrow it. */
  get fd(): number {
    return this.#fd.number;
  }

  /** KVM_CHECK_EXTENSION of this VM (which may know better than the system). */
  checkExtension(capability: number): number {
    return Math.max(0, libc().ioctl_int(this.fd, SYSTEM_IOCTL.KVM_CHECK_EXTENSION, capability));
  }

  /** KVM_ENABLE_CAP. Returns false where the host refuses. */
  enableCapability(capability: number, ...args: bigint[]): boolean {
    const request = kvm_enable_cap.create();
    request.cap = capability;
    args.forEach((arg, i) => request.args[i] = arg);
    return libc().ioctl_buffer(this.fd, VM_IOCTL.KVM_ENABLE_CAP, request.$bytes) === 0;
  }

  /**
   * KVM_SET_USER_MEMORY_REGION: guest-physical `gpa` … + `size` is the process's memory at `address`. All three are
   * multiples of 4096; a size of 0 removes the slot.
   */
  setMemory(slot: number, gpa: number, size: number, address: bigint, flags = 0): void {
    const region = kvm_userspace_memory_region.create();
    region.slot = slot;
    region.flags = flags;
    region.guest_phys_addr_num = gpa;
    region.memory_size_num = size;
    region.userspace_addr = address;
    check(
      libc().ioctl_buffer(this.fd, VM_IOCTL.KVM_SET_USER_MEMORY_REGION, region.$bytes),
      `ioctl KVM_SET_USER_MEMORY_REGION of ${size} bytes at 0x${gpa.toString(16)}`,
      {
        [ERRNO.EEXIST]: "the range overlaps another slot",
        [ERRNO.ENOMEM]: "KVM has no memory for its page tables",
      },
    );
  }

  /** KVM_SET_IDENTITY_MAP_ADDR: one page that Intel hosts without unrestricted guest use; before any vCPU. */
  setIdentityMapAddress(gpa: number): void {
    check(
      libc().ioctl_buffer(this.fd, VM_IOCTL.KVM_SET_IDENTITY_MAP_ADDR, new BigUint64Array([BigInt(gpa)])),
      "ioctl KVM_SET_IDENTITY_MAP_ADDR",
    );
  }

  /** KVM_SET_TSS_ADDR: three pages for real mode on Intel hosts. */
  setTssAddress(gpa: number): void {
    // KVM reads an unsigned long; an int above 0x7fffffff would reach it sign-extended, as an address it refuses.
    const address = Deno.UnsafePointer.create(BigInt(gpa));
    check(libc().ioctl(this.fd, VM_IOCTL.KVM_SET_TSS_ADDR, address), "ioctl KVM_SET_TSS_ADDR");
  }

  /** KVM_CREATE_IRQCHIP: two 8259s, an IOAPIC and a local APIC for each later vCPU. */
  createIrqchip(): void {
    check(libc().ioctl_int(this.fd, VM_IOCTL.KVM_CREATE_IRQCHIP, 0), "ioctl KVM_CREATE_IRQCHIP");
  }

  /**
   * KVM_CREATE_PIT2 with KVM_PIT_SPEAKER_DUMMY, so that KVM answers port 0x61 itself: guests calibrate their TSC by its
   * OUT2 bit, and a trip to user space for each poll makes that fail at random.
   */
  createPit(): void {
    const config = kvm_pit_config.create();
    config.flags = PIT_SPEAKER_DUMMY;
    check(libc().ioctl_buffer(this.fd, VM_IOCTL.KVM_CREATE_PIT2, config.$bytes), "ioctl KVM_CREATE_PIT2");
  }

  /** KVM_CREATE_VCPU: the fd of a new vCPU, whose APIC id is `id`. */
  createVcpu(id: number): OwnedFd {
    const fd = check(libc().ioctl_int(this.fd, VM_IOCTL.KVM_CREATE_VCPU, id), `ioctl KVM_CREATE_VCPU ${id}`, {
      [ERRNO.EINVAL]: "more vCPUs than this host's KVM allows",
      [ERRNO.ENOMEM]: "KVM has no memory for another vCPU",
    });
    return new OwnedFd(fd);
  }

  /** Gives up the fd: the number is the caller's to close. */
  release(): number {
    return this.#fd.release();
  }

  /** Closes the VM's fd. */
  [Symbol.dispose](): void {
    this.#fd[Symbol.dispose]();
  }
}
