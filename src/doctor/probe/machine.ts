/**
 * The smallest VM there is: one vCPU, 128 KiB, no interrupt controller, no device. Probes run their payloads in it.
 *
 * @module
 */

import type { KvmSystem } from "../../../ffi/kvm/system.ts";
import { KvmVcpu } from "../../../ffi/kvm/vcpu.ts";
import { MAP, Mapping } from "../../../ffi/mapping.ts";
import { CAP } from "../../../ffi/uapi/kvm_constants.ts";
import { GPA } from "../../board/addresses.ts";
import { enterLongMode } from "../../boot/cpu_modes.ts";
import type { BootEntry } from "../../boot/entry.ts";
import { MappedRam } from "../../memory/guest_memory.ts";
import { enterGuest } from "../../vcpu/enter.ts";
import { RunPage } from "../../vcpu/run_page.ts";
import { Deadline } from "./deadline.ts";
import { assemblePayloads, CODE_ADDRESS, IDT_ADDRESS, IDT_SIZE, type Payloads } from "./payloads.ts";

/** What probes use of `/dev/kvm`; injected in tests. */
export type KvmDevice =
  & Pick<KvmSystem, "apiVersion" | "checkExtension" | "vcpuMmapSize" | "supportedCpuid" | "createVm">
  & Disposable;

const RAM_SIZE = 128 * 1024;
/** CR4 bits (Intel SDM 3A §2.5): without them LDMXCSR and XGETBV are undefined on a processor, too. */
const CR4 = { OSFXSR: 1 << 9, OSXMMEXCPT: 1 << 10, OSXSAVE: 1 << 18 } as const;
/** CPUID leaf 1, ECX (Intel SDM 2A, table 3-10). */
const LEAF1_ECX_XSAVE = 1 << 26;
/** User/supervisor bit of a paging structure's entry (Intel SDM 3A, table 4-15). */
const PAGE_USER = 4;
/** I/O privilege level 3: user code may use ports without an I/O permission bitmap (Intel SDM 1 §19.5.1). */
const RFLAGS_IOPL3 = 0x3000;

/** A VM for payloads; the thread that creates it runs it. */
export class ProbeMachine implements Disposable {
  /** What the code in it is. */
  readonly payloads: Payloads;
  /** The vCPU's exits. */
  readonly page: RunPage;
  readonly #vcpu: KvmVcpu;
  readonly #entry: BootEntry;
  readonly #deadline: Deadline;
  readonly #resources: DisposableStack;

  /** Creates it in the state in which it can {@link start}. Throws KernelError. */
  constructor(kvm: KvmDevice) {
    using resources = new DisposableStack();
    this.#deadline = resources.use(new Deadline());
    const memory = resources.use(Mapping.map(-1, RAM_SIZE, MAP.SHARED | MAP.ANONYMOUS));
    const vm = resources.use(kvm.createVm());
    if (kvm.checkExtension(CAP.SET_IDENTITY_MAP_ADDR) > 0) vm.setIdentityMapAddress(GPA.KVM_IDENTITY_MAP);
    if (kvm.checkExtension(CAP.SET_TSS_ADDR) > 0) vm.setTssAddress(GPA.KVM_TSS);
    vm.setMemory(0, 0, RAM_SIZE, memory.address);
    const fd = resources.use(vm.createVcpu(0));
    const run = resources.use(Mapping.map(fd.number, kvm.vcpuMmapSize(), MAP.SHARED));
    this.#vcpu = new KvmVcpu(fd.number);
    const cpuid = kvm.supportedCpuid();
    this.#vcpu.setCpuid(cpuid.copy()); // a copy is as long as its entries, and so within KVM's limit
    this.page = new RunPage(run.buffer);

    const ram = new MappedRam([{ gpa: 0, size: RAM_SIZE, buffer: memory.buffer, bufferOffset: 0 }]);
    this.payloads = assemblePayloads();
    ram.view(CODE_ADDRESS, this.payloads.code.length).set(this.payloads.code);
    ram.view(IDT_ADDRESS, IDT_SIZE).set(this.payloads.idt);
    const entry = enterLongMode(ram, { protocol: "flat", description: "probe", rip: 0, registers: {} });
    const xsave = ((cpuid.find(1)?.ecx ?? 0) & LEAF1_ECX_XSAVE) !== 0;
    const cr4 = entry.cr4 | CR4.OSFXSR | CR4.OSXMMEXCPT | (xsave ? CR4.OSXSAVE : 0);
    this.#entry = { ...entry, cr4, idt: { base: IDT_ADDRESS, limit: IDT_SIZE - 1 } };
    openFirstPagesToUsers(ram);
    this.#resources = resources.move();
  }

  /** Puts the vCPU at an entry of the payloads, in kernel or user mode, with a value in RCX. */
  start(address: number, mode: "kernel" | "user" = "kernel", rcx = 0): void {
    enterGuest(this.#vcpu, { ...this.#entry, rip: address, registers: { ...this.#entry.registers, rcx } });
    if (mode === "kernel") return;
    const sregs = this.#vcpu.systemRegisters();
    for (const name of ["cs", "ss", "ds", "es"] as const) {
      sregs[name].dpl = 3;
      sregs[name].selector |= 3;
    }
    this.#vcpu.setSystemRegisters(sregs);
    const regs = this.#vcpu.registers();
    regs.rflags_num |= RFLAGS_IOPL3;
    this.#vcpu.setRegisters(regs);
  }

  /** KVM_RUN once: 0 with an exit in {@link page}, or the errno. It may take for ever, but {@link within} a time. */
  run(): number {
    return this.#vcpu.run();
  }

  /** Does something with {@link run}, which gives EINTR once so many milliseconds are over. */
  within<T>(milliseconds: number, work: () => T): T {
    return this.#deadline.within(milliseconds, work);
  }

  /** Ends and frees it. */
  [Symbol.dispose](): void {
    this.#resources[Symbol.dispose]();
  }
}

/** Lets user mode use the first 2 MiB of the identity map: one entry at each level. */
function openFirstPagesToUsers(ram: MappedRam): void {
  const tables = ram.view(GPA.PAGE_TABLES, 3 * 4096);
  for (const level of [0, 4096, 2 * 4096]) tables[level]! |= PAGE_USER;
}
