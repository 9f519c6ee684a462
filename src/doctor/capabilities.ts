/**
 * KVM's capabilities: which of them Denovisor uses, and what is lost without.
 *
 * @module
 */

import { CAP } from "../../ffi/uapi/kvm_constants.ts";
import type { KvmDevice } from "./probe/machine.ts";
import { type Finding, findings, type Json } from "./report.ts";

/** Name of a capability, without `KVM_CAP_`. */
export type CapabilityName = keyof typeof CAP;

interface Use {
  /** No machine can be built without it. */
  readonly needed: boolean;
  /** What is lost without it: the rest of "without it …". */
  readonly without: string;
}

const needed = (without: string): Use => ({ needed: true, without });
const useful = (without: string): Use => ({ needed: false, without });

/** Every capability of the table in `ffi/uapi/kvm_constants.ts`, with the kernel that brought it where that is recent. */
export const CAPABILITY_USES: Readonly<Partial<Record<CapabilityName, Use>>> = {
  USER_MEMORY: needed("a guest has no memory"),
  EXT_CPUID: needed("a guest cannot be told what processor it has"),
  IRQCHIP: needed("there are no interrupt controllers in the kernel"),
  PIT2: needed("there is no timer that a kernel can calibrate its clock by"),
  IMMEDIATE_EXIT: needed("a vCPU cannot be stopped reliably (Linux 4.12 has it)"),
  HLT: useful("an idle guest burns a processor"),
  SET_TSS_ADDR: useful("real mode fails on Intel processors without unrestricted guest"),
  SET_IDENTITY_MAP_ADDR: useful("unpaged code fails on Intel processors without unrestricted guest"),
  NR_VCPUS: useful("the sensible number of vCPUs is unknown"),
  MAX_VCPUS: useful("the largest number of vCPUs is unknown"),
  MAX_VCPU_ID: useful("APIC ids above the number of vCPUs are refused"),
  NR_MEMSLOTS: useful("the number of memory slots is unknown"),
  MP_STATE: useful("application processors cannot be saved or told apart"),
  INTERNAL_ERROR_DATA: useful("an internal error of KVM comes without its details"),
  EXIT_ON_EMULATION_FAILURE: useful("an emulation failure shows no instruction bytes (Linux 5.14 has it)"),
  TSC_DEADLINE_TIMER: useful("guests use a slower timer"),
  TSC_CONTROL: useful(
    "a guest's clock rate is the host's, so snapshots do not move between unlike processors",
  ),
  X2APIC_API: useful("guests have at most 255 vCPUs"),
  IRQFD: useful("interrupts of disks and networks cost a system call each"),
  IOEVENTFD: useful("disks and networks stop the vCPU at each request"),
  IRQ_ROUTING: useful("interrupts of PCI devices cost a system call each"),
  SIGNAL_MSI: useful("PCI devices have no message-signalled interrupts"),
  READONLY_MEM: useful("firmware images can be written by the guest"),
  DIRTY_LOG_RING: useful("snapshots of a running guest look at all of its memory (Linux 5.11 has it)"),
  XSAVE: useful("snapshots lose the vector registers"),
  XSAVE2: useful("snapshots fail for guests that use AMX (Linux 5.17 has it)"),
  XCRS: useful("snapshots lose XCR0"),
  VCPU_EVENTS: useful("snapshots lose a pending exception"),
  ADJUST_CLOCK: useful("a guest's paravirtual clock jumps after a snapshot"),
  NESTED_STATE: useful("guests that run guests cannot be snapshotted"),
};

const { ok, note, problem } = findings("kvm");

/** What this KVM has of them. */
export function capabilityFindings(kvm: KvmDevice): Finding[] {
  const values = Object.entries(CAP).map(([name, number]) => [name, kvm.checkExtension(number)] as const);
  const data: Json = Object.fromEntries(values);
  const absent = values.filter(([, value]) => value === 0).map(([name]) => name as CapabilityName);
  const missing = absent.flatMap((name) => {
    const use = CAPABILITY_USES[name];
    if (use === undefined) return [];
    const text = `missing: without it ${use.without}`;
    const id = `capability.${name}`;
    return use.needed ? [problem(id, name, text, { remedy: "Use a newer kernel." })] : [note(id, name, text)];
  });
  const total = values.length;
  const summary = absent.length === 0
    ? `all ${total} that Denovisor knows a use for`
    : `${total - absent.length} of the ${total} that Denovisor knows a use for`;
  return [ok("capabilities", "capabilities", summary, { data }), ...missing];
}

/** How many vCPUs a guest may have. */
export function vcpuFinding(kvm: KvmDevice): Finding {
  const recommended = kvm.checkExtension(CAP.NR_VCPUS);
  // KVM_CAP_MAX_VCPUS: "if missing, use KVM_CAP_NR_VCPUS"; if that is missing too, 4 (Documentation/virt/kvm/api.rst, 4.7).
  const most = kvm.checkExtension(CAP.MAX_VCPUS) || recommended || 4;
  const advice = recommended > 0 && recommended < most ? `; KVM recommends at most ${recommended} here` : "";
  return ok("vcpus", "vCPUs in a guest", `up to ${most}${advice}`, { data: { most, recommended } });
}

/** Guest-physical address bits of CPUID leaf 0x80000008; 36 where the processor does not have that leaf (SDM 3A §4.1.4). */
export function addressFinding(kvm: KvmDevice): Finding {
  const bits = (kvm.supportedCpuid().find(0x8000_0008)?.eax ?? 36) & 0xff;
  const tebibytes = 2 ** bits / 2 ** 40;
  const size = tebibytes >= 1 ? `${tebibytes} TiB` : `${tebibytes * 1024} GiB`;
  return ok("address_bits", "physical addresses", `${bits} bits: guests of up to ${size} of address space`, {
    data: bits,
  });
}
