/**
 * What a machine holds of the kernel's: as numbers, which one thread can hand to another, and as their owner.
 *
 * @module
 */

import { OwnedFd } from "../ffi/fd.ts";
import { type MappedRange, Mapping } from "../ffi/mapping.ts";

/** File descriptors and mappings of one machine. Whoever has them last must free them: {@linkcode HeldMachine}. */
export interface MachineHandles {
  readonly memory: { readonly memfd: number; readonly range: MappedRange };
  readonly vmFd: number;
  readonly vcpus: readonly { readonly fd: number; readonly runPage: MappedRange }[];
  /** Eventfds between devices and their workers. */
  readonly eventFds: readonly number[];
}

/** The owner of a machine's handles. Dispose of it only when no worker runs any more. */
export class HeldMachine implements Disposable {
  /** Each vCPU's `kvm_run` page, in this isolate. */
  readonly runPages: readonly Mapping[];
  readonly #stack = new DisposableStack();

  /** Takes the handles over. */
  constructor({ memory, vmFd, vcpus, eventFds }: MachineHandles) {
    const stack = this.#stack;
    // Freed in the opposite order: vCPUs, the VM, its memory.
    stack.use(new OwnedFd(memory.memfd));
    stack.use(Mapping.adopt(memory.range));
    for (const fd of eventFds) stack.use(new OwnedFd(fd));
    stack.use(new OwnedFd(vmFd));
    this.runPages = vcpus.map(({ fd, runPage }) => {
      stack.use(new OwnedFd(fd));
      return stack.use(Mapping.adopt(runPage));
    });
  }

  /** Frees them all. */
  [Symbol.dispose](): void {
    this.#stack.dispose();
  }
}
