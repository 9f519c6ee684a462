/**
 * A machine's wires between KVM and the workers of its virtio devices: doorbells in, interrupts out.
 *
 * @module
 */

import { createEventFd } from "../ffi/eventfd.ts";
import type { OwnedFd } from "../ffi/fd.ts";
import type { KvmVm } from "../ffi/kvm/vm.ts";
import { virtioMmio } from "./board/addresses.ts";
import type { VirtioPlan } from "./machine_plan.ts";
import type { BlockSettings } from "./virtio/block/config.ts";
import { MMIO_REGISTER } from "./virtio/mmio_transport.ts";

/** Makes eventfds and has KVM signal and hear them. */
export class VirtioWires implements Disposable {
  readonly #fds: OwnedFd[] = [];
  #orderFd: number | undefined;

  constructor(private readonly vm: KvmVm) {}

  /** Eventfds of a device on the PCI bus. KVM hears them where its driver puts the BAR: see `PciDoorbells`. */
  make(kind: VirtioPlan["kind"], settings: BlockSettings): VirtioPlan {
    const queueFds = Array.from({ length: settings.queues }, () => this.#make());
    return { kind, settings, queueFds, orderFd: this.#orderFd ??= this.#make() };
  }

  /** Wires the n-th device over MMIO up. Throws KernelError. */
  connect(kind: VirtioPlan["kind"], settings: BlockSettings, index: number): VirtioPlan {
    const plan = this.make(kind, settings), { base, irq } = virtioMmio(index);
    plan.queueFds.forEach((fd, queue) =>
      this.vm.ioeventfd(fd, { address: base + MMIO_REGISTER.QUEUE_NOTIFY, length: 4, value: queue })
    );
    const interruptFd = this.#make();
    this.vm.irqfd(interruptFd, irq);
    return { ...plan, interruptFd };
  }

  /** Gives the eventfds up to whoever gets the result. */
  release(): number[] {
    return this.#fds.splice(0).map((fd) => fd.release());
  }

  /** Closes them. */
  [Symbol.dispose](): void {
    for (const fd of this.#fds.splice(0)) fd[Symbol.dispose]();
  }

  #make(): number {
    const fd = createEventFd();
    this.#fds.push(fd);
    return fd.number;
  }
}
