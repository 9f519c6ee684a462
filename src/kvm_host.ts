/**
 * The host's KVM, opened and found usable; and a machine's objects in it.
 *
 * @module
 */

import { ERRNO, KernelError } from "../ffi/errno.ts";
import type { OwnedFd } from "../ffi/fd.ts";
import type { CpuidTable } from "../ffi/kvm/cpuid_table.ts";
import { KvmSystem } from "../ffi/kvm/system.ts";
import type { KvmVm } from "../ffi/kvm/vm.ts";
import { MAP, Mapping } from "../ffi/mapping.ts";
import { CAP, KVM_API_VERSION } from "../ffi/uapi/kvm_constants.ts";
import { GPA } from "./board/addresses.ts";
import { formatMemorySize } from "./config/memory_size.ts";
import { HostError, UserError } from "./errors.ts";
import type { HostMemory } from "./memory/host_memory.ts";
import type { MachineHandles } from "./machine_handles.ts";
import { ramRegions } from "./memory/layout.ts";

/** Capabilities without which no machine can be built. */
const REQUIRED = [
  ["USER_MEMORY", CAP.USER_MEMORY],
  ["IRQCHIP", CAP.IRQCHIP],
  ["PIT2", CAP.PIT2],
  ["EXT_CPUID", CAP.EXT_CPUID],
  ["IMMEDIATE_EXIT", CAP.IMMEDIATE_EXIT],
] as const;

/** Of a KVM that does not say (Documentation/virt/kvm/api.rst, KVM_CREATE_VCPU). */
const FEWEST_VCPUS = 4;
/** CPUID leaf whose EAX bits 0–7 are the width of a physical address, and the width where it is absent (SDM 2A, CPUID). */
const ADDRESS_SIZES = 0x8000_0008;
const FEWEST_ADDRESS_BITS = 36;

/** Opens `/dev/kvm` and checks that this version of it can be used. Throws HostError with a remedy. */
export function openKvm(path = "/dev/kvm"): KvmSystem {
  const kvm = openDevice(path);
  try {
    requireUsable(kvm, path);
    return kvm;
  } catch (error) {
    kvm[Symbol.dispose]();
    if (error instanceof KernelError) {
      throw new HostError(`${path} is no KVM device: ${error.message}`, {
        hint: "It should be a character device, 10:232. `denovisor doctor` says more.",
        cause: error,
      });
    }
    throw error;
  }
}

/** What `/dev/kvm` says of itself. */
export type KvmFacts = Pick<KvmSystem, "apiVersion" | "checkExtension">;

/** Throws HostError unless this KVM speaks our language and has what every machine needs. */
export function requireUsable(kvm: KvmFacts, path: string): void {
  const version = kvm.apiVersion();
  if (version !== KVM_API_VERSION) {
    throw new HostError(`${path} speaks KVM API version ${version}, not ${KVM_API_VERSION}`, {
      hint: "This kernel's KVM is not one that Denovisor knows; Linux has had version 12 since 2007.",
    });
  }
  const missing = REQUIRED.filter(([, capability]) => kvm.checkExtension(capability) === 0)
    .map(([name]) => name);
  if (missing.length > 0) {
    throw new HostError(`this host's KVM lacks ${missing.join(", ")}`, {
      hint: "A newer kernel (4.12 or later) has them.",
    });
  }
}

/** Width of a guest-physical address. */
export function physicalAddressBits(cpuid: CpuidTable): number {
  return (cpuid.find(ADDRESS_SIZES)?.eax ?? FEWEST_ADDRESS_BITS) & 0xff;
}

/** Throws UserError if a machine has more vCPUs than this KVM allows, or more memory than the processor addresses. */
export function requireFits(kvm: KvmSystem, { cpus, memory }: { cpus: number; memory: number }): void {
  const most = kvm.checkExtension(CAP.MAX_VCPUS) || kvm.checkExtension(CAP.NR_VCPUS) || FEWEST_VCPUS;
  if (cpus > most) {
    throw new UserError(`cpus: ${cpus} is more than this host's KVM allows`, {
      field: "cpus",
      hint: `The most here is ${most}.`,
    });
  }
  const bits = physicalAddressBits(kvm.supportedCpuid());
  const { gpa, size } = ramRegions(memory).at(-1)!;
  if (gpa + size > 2 ** bits) {
    throw new UserError(
      `memory: ${formatMemorySize(memory)} is more than a guest on this processor can address`,
      {
        field: "memory",
        hint: `It has ${bits} bits of physical address: the most is ${
          formatMemorySize(2 ** bits - (GPA.HOLE_END - GPA.HOLE_START))
        }.`,
      },
    );
  }
}

function openDevice(path: string): KvmSystem {
  try {
    return KvmSystem.open(path);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotCapable) {
      throw new UserError("Deno may not call the C library, through which /dev/kvm is reached", {
        hint: "Run it with --allow-ffi (or -A for all permissions).",
        cause,
      });
    }
    if (!(cause instanceof KernelError)) throw cause;
    const hint = cause.errno === ERRNO.EACCES || cause.errno === ERRNO.EPERM
      ? "Add yourself to its group (`sudo usermod -aG kvm $USER`, then log in again), or run as root."
      : "Load KVM (`sudo modprobe kvm_intel` or `kvm_amd`), and switch virtualization on in the firmware's set-up; " +
        "in a virtual machine its host must allow nesting. `denovisor doctor` says more; `denovisor demo` works without.";
    throw new HostError(`no usable ${path}: ${cause.message}`, { hint, cause });
  }
}

/** One vCPU as KVM knows it. */
interface VcpuHandle {
  readonly fd: OwnedFd;
  /** Its `kvm_run` page and what follows. */
  readonly runPage: Mapping;
}

/** What KVM holds for one machine, while it is being built. */
export class KvmMachine implements Disposable {
  readonly #vcpus: VcpuHandle[] = [];

  private constructor(
    readonly vm: KvmVm,
    /** What vCPUs may offer to the guest. */
    readonly supportedCpuid: CpuidTable,
    readonly tscDeadline: boolean,
  ) {}

  /** Builds a VM with interrupt controllers, timer, RAM and vCPUs. Throws HostError. */
  static create(kvm: KvmSystem, memory: HostMemory, cpus: number): KvmMachine {
    using building = new DisposableStack();
    try {
      const supported = kvm.supportedCpuid();
      const vm = kvm.createVm();
      const machine = building.use(
        new KvmMachine(vm, supported, kvm.checkExtension(CAP.TSC_DEADLINE_TIMER) !== 0),
      );
      if (kvm.checkExtension(CAP.SET_IDENTITY_MAP_ADDR) !== 0) vm.setIdentityMapAddress(GPA.KVM_IDENTITY_MAP);
      if (kvm.checkExtension(CAP.SET_TSS_ADDR) !== 0) vm.setTssAddress(GPA.KVM_TSS);
      // Memory comes before the interrupt controllers: both replace tables that KVM guards by SRCU, and a slot that is
      // set while a grace period of theirs runs waits for its end, 4 to 8 ms.
      memory.ram.regions.forEach(({ gpa, size }, slot) =>
        vm.setMemory(slot, gpa, size, memory.addressOf(gpa))
      );
      vm.createIrqchip();
      const size = kvm.vcpuMmapSize();
      for (let id = 0; id < cpus; id++) {
        const fd = vm.createVcpu(id);
        try {
          machine.#vcpus.push({ fd, runPage: Mapping.map(fd.number, size, MAP.SHARED) });
        } catch (error) {
          fd[Symbol.dispose]();
          throw error;
        }
      }
      vm.createPit();
      building.move();
      return machine;
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      throw new HostError(`cannot build the machine: ${error.message}`, {
        hint: "`denovisor doctor` says what this host has; a smaller machine may fit.",
        cause: error,
      });
    }
  }

  /** The VM's fd. */
  get fd(): number {
    return this.vm.fd;
  }

  /** Gives it all up to whoever gets the result. */
  release(): Pick<MachineHandles, "vmFd" | "vcpus"> {
    return {
      vmFd: this.vm.release(),
      vcpus: this.#vcpus.splice(0).map(({ fd, runPage }) => ({
        fd: fd.release(),
        runPage: runPage.release(),
      })),
    };
  }

  /** Frees it all. */
  [Symbol.dispose](): void {
    for (const { fd, runPage } of this.#vcpus.splice(0)) {
      runPage[Symbol.dispose]();
      fd[Symbol.dispose]();
    }
    this.vm[Symbol.dispose]();
  }
}
