import { assertEquals, assertInstanceOf, assertStringIncludes } from "@std/assert";
import { ERRNO, KernelError } from "../../../ffi/errno.ts";
import { EXIT, INTERNAL_ERROR } from "../../../ffi/uapi/kvm_constants.ts";
import { kvm_regs, kvm_sregs } from "../../../ffi/uapi/kvm_x86.ts";
import { GuestError } from "../../../src/errors.ts";
import { faultError } from "../../../src/vcpu/fault_message.ts";
import { type FailedVcpu, type FaultReport, reportFault } from "../../../src/vcpu/fault.ts";
import { plainRam } from "../../support/plain_ram.ts";
import { exit, FakeVcpu, type Step } from "./fake_vcpu.ts";

/** RIP is CS base 0x1000 + 0x234; linear addresses are 0x10000 above guest-physical ones. */
const vcpu: FailedVcpu = {
  registers() {
    const regs = kvm_regs.create();
    regs.rip = 0x234n;
    regs.rax = 0xfedc_ba98_7654_3210n;
    regs.r15 = 0x15n;
    regs.rflags = 0x10246n;
    return regs;
  },
  systemRegisters() {
    const sregs = kvm_sregs.create();
    sregs.cs.base = 0x1_1000n;
    sregs.cs.selector = 0x1100;
    sregs.ss.dpl = 3;
    sregs.cr3 = 0xabc000n;
    return sregs;
  },
  translate: (linear) => linear < 0x10000n ? undefined : Number(linear) - 0x10000,
};

function report(step: Step, errno = 0, cpu: FailedVcpu = vcpu): FaultReport {
  const fake = new FakeVcpu([]), ram = plainRam(0x10000);
  ram.view(0x1234, 16).set([0x0f, 0x01, 0xd0, 0x90]);
  step(fake.kvm, fake.page);
  return reportFault(2, cpu, fake.around.run, ram, errno);
}

/** An internal error with its suberror and data words. */
const internal = (suberror: number, ...data: bigint[]): Step => (kvm) => {
  kvm.exit_reason = EXIT.INTERNAL_ERROR;
  const { internal } = kvm.exit;
  internal.suberror = suberror;
  internal.ndata = data.length;
  data.forEach((word, i) => internal.data[i] = word);
};

const SOMEWHERE = { interpretsKernelMode: false };

Deno.test("fault report: exit, suberror, RIP, instruction bytes out of guest memory, all registers", () => {
  const found = report(internal(INTERNAL_ERROR.EMULATION, 1n, 0xffn));
  assertEquals(found.summary, "KVM_EXIT_INTERNAL_ERROR, suberror 1 (emulation), data 1 ff");
  assertEquals([found.vcpu, found.rip, found.errno], [2, "0x234", 0]);
  assertEquals(found.instruction, "0f 01 d0 90" + " 00".repeat(11));
  for (
    const part of [
      "rax fedcba9876543210",
      "r15 0000000000000015",
      "rflags 0000000000010246",
      "cs 1100 base 0000000000011000",
      "cpl 3",
      "cr3 0000000000abc000",
    ]
  ) assertStringIncludes(found.registers, part);
});

Deno.test("fault report: KVM's own copy of the instruction goes before guest memory", () => {
  const found = report((kvm) => {
    internal(INTERNAL_ERROR.EMULATION, 1n, 0n, 0n, 0n)(kvm, new Uint8Array());
    kvm.exit.emulation_failure.insn_size = 3;
    kvm.exit.emulation_failure.insn_bytes.set([0x0f, 0xc7, 0x0f]);
  });
  assertEquals(found.instruction, "0f c7 0f");
});

Deno.test("fault report: a RIP that is not mapped, not RAM, or cannot be asked for still gives a report", () => {
  const broken = (translate: FailedVcpu["translate"]) =>
    report(exit(EXIT.FAIL_ENTRY), 0, { ...vcpu, translate });
  assertEquals(broken(() => undefined).instruction, "");
  assertEquals(broken(() => 0xd000_0000).instruction, "");
  assertEquals(
    broken(() => {
      throw new KernelError("ioctl KVM_TRANSLATE", ERRNO.EINVAL);
    }).instruction,
    "",
  );
  assertEquals(broken(() => 0xfffe).instruction, "00 00", "up to the page's end");
});

Deno.test("fault report: every kind of exit says its numbers", () => {
  const summary = (reason: number, fill: Step = () => {}) =>
    report((kvm, page) => {
      fill(kvm, page);
      kvm.exit_reason = reason;
    }).summary;
  assertStringIncludes(
    summary(EXIT.FAIL_ENTRY, (kvm) => void (kvm.exit.fail_entry.hardware_entry_failure_reason = 0x80000021n)),
    "KVM_EXIT_FAIL_ENTRY: the processor refused the guest's state, reason 0x80000021",
  );
  assertStringIncludes(
    summary(EXIT.UNKNOWN, (kvm) => void (kvm.exit.hw.hardware_exit_reason = 0x400n)),
    "0x400",
  );
  assertStringIncludes(
    summary(EXIT.EXCEPTION, (kvm) => void Object.assign(kvm.exit.ex, { exception: 14, error_code: 6 })),
    "exception 14, error code 0x6",
  );
  assertStringIncludes(
    summary(EXIT.MEMORY_FAULT, (kvm) => void (kvm.exit.memory_fault.gpa = 0xdead000n)),
    "guest-physical 0xdead000",
  );
  assertStringIncludes(
    summary(EXIT.SYSTEM_EVENT, (kvm) => void (kvm.exit.system_event.type = 77)),
    "KVM_EXIT_SYSTEM_EVENT: type 77",
  );
  assertEquals(summary(55), "KVM_EXIT reason 55");
  assertStringIncludes(report(internal(99)).summary, "suberror 99 (unknown)");
  assertStringIncludes(report(internal(3, ...new Array<bigint>(16).fill(7n))).summary, "delivery ev");
  assertStringIncludes(report(exit(EXIT.IO), ERRNO.EFAULT).summary, "KVM_RUN: EFAULT");
});

Deno.test("fault message: an emulation failure on kvm_pvm names the host's limit and the alternatives", () => {
  const error = faultError(report(internal(INTERNAL_ERROR.EMULATION)), { interpretsKernelMode: true });
  assertInstanceOf(error, GuestError);
  for (
    const part of ["vCPU 2", "suberror 1 (emulation)", "rip 0x234", "0f 01 d0 90", "rax fedcba9876543210"]
  ) {
    assertStringIncludes(error.message, part);
  }
  for (
    const part of [
      "kvm_pvm",
      "cannot run unmodified kernels",
      "denovisor lab",
      "VMX or SVM",
      "embedded guest",
    ]
  ) {
    assertStringIncludes(error.hint!, part);
  }
});

Deno.test("fault message: other failures get the remedy that is known, or none", () => {
  const hint = (step: Step, errno = 0) => faultError(report(step, errno), SOMEWHERE).hint;
  assertStringIncludes(hint(internal(INTERNAL_ERROR.EMULATION))!, "cannot emulate");
  assertEquals(hint(internal(INTERNAL_ERROR.EMULATION))!.includes("kvm_pvm"), false);
  assertStringIncludes(hint(exit(EXIT.FAIL_ENTRY))!, "64-bit kernel");
  assertStringIncludes(hint(exit(EXIT.IO), ERRNO.EFAULT)!, "out of memory");
  assertStringIncludes(hint(exit(EXIT.HLT))!, "interrupts off");
  assertEquals(hint(exit(EXIT.UNKNOWN)), undefined);
});
