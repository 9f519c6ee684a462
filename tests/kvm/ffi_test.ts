import {
  assert,
  assertEquals,
  assertGreater,
  assertGreaterOrEqual,
  assertNotEquals,
  assertThrows,
} from "@std/assert";
import { ERRNO, KernelError } from "../../ffi/errno.ts";
import { createEventFd, signalEventFd } from "../../ffi/eventfd.ts";
import type { OwnedFd } from "../../ffi/fd.ts";
import { KvmSystem } from "../../ffi/kvm/system.ts";
import { KvmVcpu } from "../../ffi/kvm/vcpu.ts";
import type { KvmVm } from "../../ffi/kvm/vm.ts";
import type { View } from "../../ffi/layout.ts";
import { libc } from "../../ffi/libc.ts";
import { MAP, Mapping } from "../../ffi/mapping.ts";
import { installKickSignal, kickThread } from "../../ffi/signal.ts";
import { kvm_run } from "../../ffi/uapi/kvm.ts";
import { CAP, EXIT, IO_OUT, KVM_API_VERSION, MP_STATE } from "../../ffi/uapi/kvm_constants.ts";
import { kvm_segment } from "../../ffi/uapi/kvm_x86.ts";
import { KvmMsiSender } from "../../src/irq/msi.ts";
import type { Ready, Start } from "./ffi_kick_worker.ts";

/** A VM with one vCPU, 64 KiB of RAM at 0, and `code` at 0x1000 to run in real mode. */
class Rig implements Disposable {
  readonly #stack = new DisposableStack();
  readonly system: KvmSystem;
  readonly vm: KvmVm;
  readonly fd: OwnedFd;
  readonly vcpu: KvmVcpu;
  readonly ram: Mapping;
  readonly page: Mapping;
  readonly run: View<typeof kvm_run>;

  constructor(code: number[] = [], options: { irqchip?: boolean } = {}) {
    this.system = this.#stack.use(KvmSystem.open());
    this.ram = this.#stack.use(Mapping.map(-1, 0x10000, MAP.SHARED | MAP.ANONYMOUS));
    this.vm = this.#stack.use(this.system.createVm());
    this.vm.setTssAddress(0xfffb_d000); // Intel hosts without unrestricted guest need it for real mode
    if (options.irqchip) {
      this.vm.createIrqchip();
      this.vm.createPit();
    }
    this.vm.setMemory(0, 0, this.ram.length, this.ram.address);
    this.fd = this.#stack.use(this.vm.createVcpu(0));
    this.vcpu = new KvmVcpu(this.fd.number);
    this.page = this.#stack.use(Mapping.map(this.fd.number, this.system.vcpuMmapSize(), MAP.SHARED));
    this.run = kvm_run.at(this.page.buffer);
    new Uint8Array(this.ram.buffer).set(code, 0x1000);
    const system = this.vcpu.systemRegisters();
    system.cs.base = 0n;
    system.cs.selector = 0;
    this.vcpu.setSystemRegisters(system);
    const registers = this.vcpu.registers();
    registers.rip = 0x1000n;
    registers.rflags = 2n; // bit 1 is always set
    this.vcpu.setRegisters(registers);
  }

  [Symbol.dispose](): void {
    this.#stack.dispose();
  }
}

Deno.test("kvm ffi: the API version is the one there is, and capabilities answer", () => {
  using system = KvmSystem.open();
  assertEquals(system.apiVersion(), KVM_API_VERSION);
  for (const needed of [CAP.IRQCHIP, CAP.USER_MEMORY, CAP.IMMEDIATE_EXIT, CAP.IRQFD, CAP.IOEVENTFD]) {
    assertGreaterOrEqual(system.checkExtension(needed), 1);
  }
  assertGreaterOrEqual(system.checkExtension(CAP.MAX_VCPUS), 1);
  assertEquals(system.checkExtension(0x7fff_0000), 0, "an unknown capability is absent, not an error");
  assertGreaterOrEqual(system.vcpuMmapSize(), kvm_run.size);
});

Deno.test("kvm ffi: no device is an error that names it", () => {
  const error = assertThrows(() => KvmSystem.open("/dev/no-kvm"), KernelError);
  assertEquals([error.call, error.errno], ["open /dev/no-kvm", ERRNO.ENOENT]);
});

Deno.test("kvm ffi: supported CPUID has the basic leaves", () => {
  using system = KvmSystem.open();
  const table = system.supportedCpuid();
  assertGreater(table.length, 2);
  const vendor = table.find(0);
  assertGreaterOrEqual(vendor!.eax, 1, "the highest basic leaf");
  const name = new TextDecoder().decode(new Uint32Array([vendor!.ebx, vendor!.edx, vendor!.ecx]));
  assert(/^[ -~]{12}$/.test(name), `a vendor in ASCII, not ${JSON.stringify(name)}`);
  assert((table.find(1)!.edx & 1) === 1, "leaf 1 says that there is an FPU");
});

Deno.test("kvm ffi: a VM takes irqchip, PIT, the Intel pages, memory and a vCPU", () => {
  using system = KvmSystem.open();
  using vm = system.createVm();
  vm.setIdentityMapAddress(0xfeff_c000);
  vm.setTssAddress(0xfeff_d000); // above 2^31: must not be sign-extended on its way
  vm.createIrqchip();
  vm.createPit();
  using ram = Mapping.map(-1, 0x4000, MAP.SHARED | MAP.ANONYMOUS);
  vm.setMemory(0, 0, ram.length, ram.address);
  vm.setMemory(1, 2 ** 32, ram.length, ram.address);
  const overlap = assertThrows(() => vm.setMemory(2, 0x2000, 0x4000, ram.address), KernelError);
  assertEquals(
    overlap.message,
    "ioctl KVM_SET_USER_MEMORY_REGION of 16384 bytes at 0x2000: EEXIST (the range overlaps another slot)",
  );
  vm.setMemory(1, 2 ** 32, 0, ram.address); // removed
  vm.setMemory(2, 2 ** 32, ram.length, ram.address);
  using fd = vm.createVcpu(0);
  assertGreaterOrEqual(fd.number, 0);
  const again = assertThrows(() => vm.createVcpu(0), KernelError);
  assertEquals([again.call, again.errno], ["ioctl KVM_CREATE_VCPU 0", ERRNO.EEXIST]);
  assertGreaterOrEqual(vm.checkExtension(CAP.IRQCHIP), 1);
  assertEquals(vm.enableCapability(0x7fff_0000), false);
});

Deno.test("kvm ffi: registers come back as they were set", () => {
  using rig = new Rig();
  const registers = rig.vcpu.registers();
  registers.rax = 0x0123_4567_89ab_cdefn;
  registers.r15 = 0xffff_ffff_ffff_ffffn;
  registers.rsp_num = 0x7000;
  registers.rip = 0xfff0n;
  rig.vcpu.setRegisters(registers);
  const read = rig.vcpu.registers();
  assertEquals([...read.$bytes], [...registers.$bytes]);
  assertEquals([read.rax_hi, read.rax_lo, read.r15, read.rsp_num], [
    0x0123_4567,
    0x89ab_cdef,
    0xffff_ffff_ffff_ffffn,
    0x7000,
  ]);
});

Deno.test("kvm ffi: system registers start as the reset state and come back as they were set", () => {
  using rig = new Rig();
  const system = rig.vcpu.systemRegisters();
  assertEquals(system.cr0_lo & 1, 0, "real mode");
  assertEquals([system.ds.limit, system.ds.present, system.gdt.limit], [0xffff, 1, 0xffff]);
  system.ds.base = 0x12340n;
  system.ds.selector = 0x1234;
  system.gdt.base = 0x5000n;
  system.gdt.limit = 0x2f;
  rig.vcpu.setSystemRegisters(system);
  const read = rig.vcpu.systemRegisters();
  assertEquals([read.ds.base, read.ds.selector, read.gdt.base, read.gdt.limit], [
    0x12340n,
    0x1234,
    0x5000n,
    0x2f,
  ]);
  assertEquals(read.$bytes.length, 312);
  assertEquals(read.cs.$bytes.length, kvm_segment.size);
});

Deno.test("kvm ffi: an MSR is set and read one by one, and an unknown one is refused without an error", () => {
  using rig = new Rig([], { irqchip: true });
  const KERNEL_GS_BASE = 0xc000_0102, NO_SUCH_MSR = 0x1234_5678;
  assertEquals(rig.vcpu.setMsr(KERNEL_GS_BASE, 0x1122_3344_5566n), true);
  assertEquals(rig.vcpu.msr(KERNEL_GS_BASE), 0x1122_3344_5566n);
  assertEquals(rig.vcpu.setMsr(NO_SUCH_MSR, 1n), false);
  assertEquals(rig.vcpu.msr(NO_SUCH_MSR), undefined);
});

Deno.test("kvm ffi: CPUID, local APIC and MP state of a vCPU with an irqchip", () => {
  using rig = new Rig([], { irqchip: true });
  rig.vcpu.setCpuid(rig.system.supportedCpuid());
  const apic = rig.vcpu.localApic();
  assertGreater(apic.regs[0x30]!, 0x0f, "the version register of an integrated APIC (Intel SDM 3, 12.4.8)");
  apic.regs[0x80] = 0x20; // task priority
  rig.vcpu.setLocalApic(apic);
  assertEquals(rig.vcpu.localApic().regs[0x80], 0x20);
  assertEquals(rig.vcpu.mpState(), MP_STATE.RUNNABLE);
});

Deno.test("kvm ffi: `out 0x10, al; hlt` in real mode leaves by the port, then by the halt", () => {
  using rig = new Rig([0xe6, 0x10, 0xf4]);
  const registers = rig.vcpu.registers();
  registers.rax = 0x5an;
  rig.vcpu.setRegisters(registers);
  assertEquals([rig.vcpu.run(), rig.run.exit_reason], [0, EXIT.IO]);
  const { io } = rig.run.exit;
  assertEquals([io.direction, io.size, io.port, io.count], [IO_OUT, 1, 0x10, 1]);
  assertEquals(new Uint8Array(rig.page.buffer)[io.data_offset_num], 0x5a);
  assertEquals([rig.vcpu.run(), rig.run.exit_reason], [0, EXIT.HLT]);
  assertEquals(rig.vcpu.registers().rip, 0x1003n);
});

Deno.test("kvm ffi: `in al, 0x10; mov [0x9000:0x8000], al` takes the answer and leaves by memory", () => {
  // mov cx, 0x9000; mov ds, cx; in al, 0x10; mov [0x8000], al: 0x98000 is no RAM
  using rig = new Rig([0xb9, 0x00, 0x90, 0x8e, 0xd9, 0xe4, 0x10, 0xa2, 0x00, 0x80]);
  assertEquals([rig.vcpu.run(), rig.run.exit_reason], [0, EXIT.IO]);
  const { io, mmio } = rig.run.exit;
  assertEquals([io.direction, io.size, io.port, io.count], [0, 1, 0x10, 1]);
  new Uint8Array(rig.page.buffer)[io.data_offset_num] = 0xc3;
  assertEquals([rig.vcpu.run(), rig.run.exit_reason], [0, EXIT.MMIO]);
  assertEquals([mmio.phys_addr_num, mmio.len, mmio.is_write, mmio.data[0]], [0x98000, 1, 1, 0xc3]);
});

Deno.test("kvm ffi: immediate_exit ends a run with EINTR before the guest moves, again and again", () => {
  using rig = new Rig([0xe6, 0x10, 0xf4]);
  rig.run.immediate_exit = 1;
  for (let i = 0; i < 3; i++) assertEquals(rig.vcpu.run(), ERRNO.EINTR);
  assertEquals(rig.vcpu.registers().rip, 0x1000n);
  rig.run.immediate_exit = 0;
  assertEquals([rig.vcpu.run(), rig.run.exit_reason], [0, EXIT.IO]);
});

Deno.test("kvm ffi: a kick ends the run of a guest that loops for ever, and none is lost", async () => {
  using rig = new Rig([0xeb, 0xfe]); // jmp $
  installKickSignal();
  // [0]: rounds that the worker finished; [1]: rounds that ended otherwise than by EINTR; [2]: 1 to end early
  const results = new Int32Array(new SharedArrayBuffer(12));
  const rounds = 200;
  const worker = new Worker(new URL("./ffi_kick_worker.ts", import.meta.url), { type: "module" });
  const ready = Promise.withResolvers<Ready>();
  worker.onmessage = (event: MessageEvent<Ready>) => ready.resolve(event.data);
  worker.onerror = (event) => ready.reject(new Error(event.message));
  const start: Start = {
    fd: rig.fd.number,
    address: rig.page.address,
    length: rig.page.length,
    rounds,
    results: results.buffer,
  };
  worker.postMessage(start);
  const { tid } = await ready.promise;
  try {
    for (let round = 0; round < rounds; round++) {
      // The flag first: a signal that lands before KVM_RUN begins would leave no trace, the flag does.
      rig.run.immediate_exit = 1;
      kickThread(tid);
      while (Atomics.load(results, 0) === round) {
        // "not-equal" is as good as "ok": the worker was quicker than this wait.
        assertNotEquals(Atomics.wait(results, 0, round, 10_000), "timed-out", `kick ${round} was lost`);
      }
    }
    assertEquals([...results], [rounds, 0, 0]);
  } finally {
    // After a failure the worker is still in the guest: without this the test's process would never end.
    Atomics.store(results, 2, 1);
    rig.run.immediate_exit = 1;
    kickThread(tid);
    worker.terminate();
  }
});

/** A vCPU whose local APIC is on and takes interrupts, with the vectors that have reached it. */
class ApicRig implements Disposable {
  readonly rig = new Rig([], { irqchip: true });

  constructor() {
    this.rig.vcpu.setCpuid(this.rig.system.supportedCpuid());
    const apic = this.rig.vcpu.localApic();
    apic.regs[0xf0] = 0xff; // spurious interrupt vector register (Intel SDM 3, 11.9) …
    apic.regs[0xf1] = 1; // … and in it, software enable
    this.rig.vcpu.setLocalApic(apic);
  }

  /** The interrupt request register's bit of a vector (Intel SDM 3, 11.8.4): 16 bytes for each 32 vectors. */
  requested(vector: number): boolean {
    const byte = 0x200 + 16 * (vector >> 5) + ((vector >> 3) & 3);
    return (this.rig.vcpu.localApic().regs[byte]! >> (vector & 7) & 1) !== 0;
  }

  /** The same of one that the kernel may deliver a little later, from a thread of its own. */
  async arrived(vector: number): Promise<boolean> {
    for (let turn = 0; turn < 1000 && !this.requested(vector); turn++) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    return this.requested(vector);
  }

  [Symbol.dispose](): void {
    this.rig[Symbol.dispose]();
  }
}

/** Where messages to the local APIC with the identifier 0 are written (Intel SDM 3, 11.11.1). */
const TO_APIC_0 = 0xfee0_0000;

Deno.test("kvm ffi: a message reaches the local APIC that it names, and none that does not exist", () => {
  using apic = new ApicRig();
  assertEquals(apic.requested(0x41), false);
  assertEquals(apic.rig.vm.signalMsi(TO_APIC_0, 0, 0x41), true);
  assertEquals([apic.requested(0x41), apic.requested(0x42)], [true, false]);
  assertEquals(apic.rig.vm.signalMsi(TO_APIC_0 | 9 << 12, 0, 0x42), false);
  new KvmMsiSender(apic.rig.vm.fd).send(TO_APIC_0, 0, 0x43);
  assertEquals(apic.requested(0x43), true);
});

Deno.test("kvm ffi: an irqfd raises what its line is routed to, and after deassigning nothing", async () => {
  using apic = new ApicRig();
  using event = createEventFd();
  const { vm } = apic.rig;
  const route = (data: number) => ({ gsi: 24, addressLow: TO_APIC_0, addressHigh: 0, data });
  vm.setGsiRouting([{ gsi: 5, irqchip: "IOAPIC", pin: 5 }, route(0x51)]);
  vm.irqfd(event.number, 24);
  signalEventFd(event.number);
  assert(await apic.arrived(0x51));
  vm.setGsiRouting([route(0x52)]);
  signalEventFd(event.number);
  assert(await apic.arrived(0x52));
  const twice = assertThrows(() => vm.irqfd(event.number, 25), KernelError);
  assertEquals(twice.message, "ioctl KVM_IRQFD of line 25: EBUSY (this eventfd raises a line already)");
  vm.irqfd(event.number, 24, { assign: false });
  vm.setGsiRouting([route(0x53)]);
  signalEventFd(event.number);
  vm.signalMsi(TO_APIC_0, 0, 0x54); // behind it
  assertEquals([apic.requested(0x54), apic.requested(0x53)], [true, false]);
  const unknown = assertThrows(
    () => vm.setGsiRouting([{ gsi: 1, irqchip: "PIC_MASTER", pin: 99 }]),
    KernelError,
  );
  assertEquals(unknown.code, "EINVAL");
});

/** What an eventfd has counted since it was last asked. */
function counted(event: OwnedFd): number {
  const count = new BigUint64Array(1);
  const got = libc().read(event.number, new Uint8Array(count.buffer), 8n);
  return got === 8 ? Number(count[0]) : 0;
}

Deno.test("kvm ffi: writes that an ioeventfd names signal it and do not leave the guest", () => {
  // mov al, 7; out 0x10, al; mov al, 8; out 0x10, al; hlt
  const code = [0xb0, 7, 0xe6, 0x10, 0xb0, 8, 0xe6, 0x10, 0xf4];
  using rig = new Rig(code);
  using event = createEventFd();
  const seven = { address: 0x10, length: 1, port: true, value: 7 };
  rig.vm.ioeventfd(event.number, seven);
  assertEquals([rig.vcpu.run(), rig.run.exit_reason], [0, EXIT.IO]);
  assertEquals(new Uint8Array(rig.page.buffer)[rig.run.exit.io.data_offset_num], 8, "the other value leaves");
  assertEquals([counted(event), counted(event)], [1, 0]);
  const taken = assertThrows(() => rig.vm.ioeventfd(event.number, seven), KernelError);
  assertEquals(taken.message, "ioctl KVM_IOEVENTFD at 0x10: EEXIST (another eventfd has that address)");
  rig.vm.ioeventfd(event.number, seven, false);
  const gone = assertThrows(() => rig.vm.ioeventfd(event.number, seven, false), KernelError);
  assertEquals(gone.code, "ENOENT");
});

Deno.test("kvm ffi: an ioeventfd in memory moves with its address", () => {
  // mov cx, 0x9000; mov ds, cx; mov [0x8000], al; mov [0x8000], al; hlt: 0x98000 is no RAM
  const write = [0xa2, 0x00, 0x80];
  using rig = new Rig([0xb9, 0x00, 0x90, 0x8e, 0xd9, ...write, ...write, 0xf4]);
  using event = createEventFd();
  rig.vm.ioeventfd(event.number, { address: 0x97000, length: 1 });
  rig.vm.ioeventfd(event.number, { address: 0x97000, length: 1 }, false);
  rig.vm.ioeventfd(event.number, { address: 0x98000, length: 1 });
  assertEquals([rig.vcpu.run(), rig.run.exit_reason], [0, EXIT.HLT]);
  assertEquals(counted(event), 2);
});

Deno.test("kvm ffi: an ioctl on a closed fd is an error that names the request", () => {
  const rig = new Rig();
  rig[Symbol.dispose]();
  const vcpu = new KvmVcpu(-1);
  assertEquals(vcpu.run(), ERRNO.EBADF);
  const error = assertThrows(() => vcpu.registers(), KernelError);
  assertEquals(error.message, "ioctl KVM_GET_REGS: EBADF (bad file descriptor)");
  assertEquals(vcpu.setMsr(0x10, 0n), false);
});
