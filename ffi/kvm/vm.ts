/**
 * A VM's file descriptor: memory slots, interrupt controllers, vCPUs.
 *
 * @module
 */

import { ERRNO } from "../errno.ts";
import { OwnedFd } from "../fd.ts";
import { check, libc } from "../libc.ts";
import {
  kvm_enable_cap,
  kvm_ioeventfd,
  kvm_irq_routing,
  kvm_irq_routing_entry,
  kvm_irqfd,
  kvm_msi,
  kvm_userspace_memory_region,
} from "../uapi/kvm.ts";
import {
  IOEVENTFD_FLAG,
  IRQ_ROUTING,
  IRQCHIP,
  IRQFD_FLAG,
  PIT_SPEAKER_DUMMY,
} from "../uapi/kvm_constants.ts";
import { SYSTEM_IOCTL, VM_IOCTL } from "../uapi/kvm_ioctls.ts";
import { kvm_pit_config } from "../uapi/kvm_x86.ts";

/** Where an interrupt line leads: to a pin of an in-kernel controller, or to a message. */
export type GsiRoute =
  & { readonly gsi: number }
  & (
    | { readonly irqchip: keyof typeof IRQCHIP; readonly pin: number }
    | { readonly addressLow: number; readonly addressHigh: number; readonly data: number }
  );

/** Writes that KVM turns into an eventfd's signal instead of an exit. */
export interface IoEvent {
  /** The first port or guest-physical address. */
  readonly address: number;
  /** Bytes of an access that matches: 1, 2, 4 or 8; 0 for any (memory only). */
  readonly length: number;
  /** An I/O port, not memory. */
  readonly port?: boolean;
  /** Only writes of this value; all unless given. */
  readonly value?: number;
}

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

  /**
   * KVM_SIGNAL_MSI: the interrupt of one message. Returns false where no local APIC took it. Cold paths: workers that
   * only have the fd's number use `KvmMsiSender`.
   */
  signalMsi(addressLow: number, addressHigh: number, data: number): boolean {
    const msi = kvm_msi.create();
    msi.address_lo = addressLow;
    msi.address_hi = addressHigh;
    msi.data = data;
    const call = "ioctl KVM_SIGNAL_MSI";
    return check(libc().ioctl_buffer(this.fd, VM_IOCTL.KVM_SIGNAL_MSI, msi.$bytes), call) > 0;
  }

  /**
   * KVM_SET_GSI_ROUTING: replaces all routes, those of the irqchip's own pins included. Lines that irqfds name without
   * being routed do nothing.
   */
  setGsiRouting(routes: readonly GsiRoute[]): void {
    const table = kvm_irq_routing.create(routes.length * kvm_irq_routing_entry.size);
    const buffer = table.$bytes.buffer;
    table.nr = routes.length;
    routes.forEach((route, i) => {
      const entry = kvm_irq_routing_entry.at(buffer, kvm_irq_routing.size + i * kvm_irq_routing_entry.size);
      entry.gsi = route.gsi;
      if ("irqchip" in route) {
        entry.type = IRQ_ROUTING.IRQCHIP;
        entry.u.irqchip.irqchip = IRQCHIP[route.irqchip];
        entry.u.irqchip.pin = route.pin;
      } else {
        entry.type = IRQ_ROUTING.MSI;
        entry.u.msi.address_lo = route.addressLow;
        entry.u.msi.address_hi = route.addressHigh;
        entry.u.msi.data = route.data;
      }
    });
    check(
      libc().ioctl_buffer(this.fd, VM_IOCTL.KVM_SET_GSI_ROUTING, new Uint8Array(buffer)),
      `ioctl KVM_SET_GSI_ROUTING of ${routes.length} routes`,
      { [ERRNO.EINVAL]: "a route that KVM does not know, or too many" },
    );
  }

  /**
   * KVM_IRQFD: from now on each signal of the eventfd `fd` raises the line `gsi`, without a thread of ours. With a
   * `resampleFd` the line is level-triggered: it stays high until the guest's end of interrupt, which signals that
   * other eventfd. `assign` of false undoes it.
   */
  irqfd(fd: number, gsi: number, options: { assign?: boolean; resampleFd?: number } = {}): void {
    const { assign = true, resampleFd } = options;
    const request = kvm_irqfd.create();
    request.fd = fd;
    request.gsi = gsi;
    request.flags = (assign ? 0 : IRQFD_FLAG.DEASSIGN) | (resampleFd === undefined ? 0 : IRQFD_FLAG.RESAMPLE);
    request.resamplefd = resampleFd ?? 0;
    check(
      libc().ioctl_buffer(this.fd, VM_IOCTL.KVM_IRQFD, request.$bytes),
      `ioctl KVM_IRQFD of line ${gsi}`,
      { [ERRNO.EBUSY]: "this eventfd raises a line already" },
    );
  }

  /** KVM_IOEVENTFD: such writes signal the eventfd `fd` instead of leaving the guest. `assign` of false undoes it. */
  ioeventfd(fd: number, event: IoEvent, assign = true): void {
    const request = kvm_ioeventfd.create();
    request.fd = fd;
    request.addr_num = event.address;
    request.len = event.length;
    request.flags = (assign ? 0 : IOEVENTFD_FLAG.DEASSIGN) | (event.port ? IOEVENTFD_FLAG.PIO : 0);
    if (event.value !== undefined) {
      request.flags |= IOEVENTFD_FLAG.DATAMATCH;
      request.datamatch_num = event.value;
    }
    check(
      libc().ioctl_buffer(this.fd, VM_IOCTL.KVM_IOEVENTFD, request.$bytes),
      `ioctl KVM_IOEVENTFD at 0x${event.address.toString(16)}`,
      {
        [ERRNO.EEXIST]: "another eventfd has that address",
        [ERRNO.ENOENT]: "there is no such eventfd at that address",
      },
    );
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
