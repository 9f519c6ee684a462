/**
 * What a machine's devices have of KVM, in whichever isolate: interrupts to the guest, doorbells from it.
 *
 * @module
 */

import { libc } from "../ffi/libc.ts";
import { kvm_ioeventfd } from "../ffi/uapi/kvm.ts";
import { IOEVENTFD_FLAG } from "../ffi/uapi/kvm_constants.ts";
import { VM_IOCTL } from "../ffi/uapi/kvm_ioctls.ts";
import { type IrqController, KvmIrqController } from "./irq/lines.ts";
import { KvmMsiSender } from "./irq/msi.ts";
import type { MsiSender } from "./bus/device.ts";
import type { DoorbellSwitch } from "./virtio/pci_doorbells.ts";

/** The wires of a board. */
export interface BoardWires {
  readonly irq: IrqController;
  readonly msi: MsiSender;
  readonly doorbells: DoorbellSwitch;
}

/** Those of a machine in KVM. @param vmFd of the VM, owned by somebody else */
export function kvmWires(vmFd: number): BoardWires {
  return {
    irq: new KvmIrqController(vmFd),
    msi: new KvmMsiSender(vmFd),
    doorbells: new KvmDoorbells(vmFd),
  };
}

/** Doorbells by KVM_IOEVENTFD, which any thread may call. */
class KvmDoorbells implements DoorbellSwitch {
  constructor(private readonly vmFd: number) {}

  connect(fd: number, address: number): void {
    this.#set(fd, address, 0);
  }

  disconnect(fd: number, address: number): void {
    this.#set(fd, address, IOEVENTFD_FLAG.DEASSIGN);
  }

  /**
   * Length 0 is a write of any width, which Intel hosts take without decoding the instruction. Refused, as where a
   * guest puts two BARs at one place (EEXIST), the writes exit: nothing is lost.
   */
  #set(fd: number, address: number, flags: number): void {
    const request = kvm_ioeventfd.create();
    request.fd = fd;
    request.addr_num = address;
    request.flags = flags;
    libc().ioctl_buffer(this.vmFd, VM_IOCTL.KVM_IOEVENTFD, request.$bytes);
  }
}
