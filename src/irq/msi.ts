/**
 * Message-signalled interrupts to KVM's local APICs.
 *
 * @module
 */

import { libc } from "../../ffi/libc.ts";
import { kvm_msi } from "../../ffi/uapi/kvm.ts";
import { VM_IOCTL } from "../../ffi/uapi/kvm_ioctls.ts";
import type { MsiSender } from "../bus/device.ts";

/** Sends messages by KVM_SIGNAL_MSI. One for each isolate: its buffer is its own. */
export class KvmMsiSender implements MsiSender {
  readonly #libc = libc();
  readonly #msi = kvm_msi.create();
  readonly #bytes = this.#msi.$bytes;

  /** @param vmFd of the VM, owned by somebody else */
  constructor(private readonly vmFd: number) {}

  /** A message that no local APIC takes, such as one to an address of the guest's invention, is lost as on a bus. */
  send(addressLow: number, addressHigh: number, data: number): void {
    this.#msi.address_lo = addressLow;
    this.#msi.address_hi = addressHigh;
    this.#msi.data = data;
    this.#libc.ioctl_buffer(this.vmFd, VM_IOCTL.KVM_SIGNAL_MSI, this.#bytes);
  }
}
