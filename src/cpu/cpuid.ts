/**
 * What the guest's CPUID instruction answers: the host's features as KVM offers them, with this machine's topology.
 *
 * @module
 */

import type { CpuidEntry, CpuidTable } from "../../ffi/kvm/cpuid_table.ts";
import { CPUID_SIGNIFICANT_INDEX } from "../../ffi/uapi/kvm_constants.ts";

/** What CPUID must tell of the machine. */
export interface CpuTopology {
  /** This vCPU's APIC id; ids are 0 … cpus − 1. */
  readonly apicId: number;
  /** vCPUs of the machine: cores of one package, without hyper-threads. */
  readonly cpus: number;
  /** The local APIC has a TSC-deadline timer (KVM_CAP_TSC_DEADLINE_TIMER). */
  readonly tscDeadline: boolean;
  /** Brand string, at most 47 characters; used where KVM gives none. */
  readonly brand: string;
}

/** Leaf 1 (Intel SDM 2A, CPUID, table 3-10 and 3-11). */
const LEAF1 = {
  ECX_X2APIC: 1 << 21,
  ECX_TSC_DEADLINE: 1 << 24,
  ECX_HYPERVISOR: 1 << 31,
  EDX_HTT: 1 << 28,
} as const;
/** Extended leaf 0x80000001 ECX (AMD APM 3, appendix E.4.2). */
const CMP_LEGACY = 1 << 1;
/** KVM's own leaves; they stay first so that guests find kvmclock. */
const KVM_SIGNATURE_LEAF = 0x4000_0000;
const BRAND_LEAF = 0x8000_0002;
/** Our signature stands in the next hypervisor slot, which guests look for at steps of 0x100. */
const SIGNATURE_LEAF = 0x4000_0100;
const SIGNATURE = "DenovisorVMM";
/** Type of a level in leaves 0xB and 0x1F, in ECX bits 8–15. */
const LEVEL = { THREAD: 1 << 8, CORE: 2 << 8 } as const;

/** Completes what KVM supports into this vCPU's table. The argument is left as it is. */
export function guestCpuid(supported: CpuidTable, topology: CpuTopology): CpuidTable {
  const table = supported.copy(16);
  const maxLeaf = table.find(0)?.eax ?? 0;
  const coreBits = bitsFor(topology.cpus);
  features(table, topology);
  withhold(table);
  caches(table, 0x4, topology.cpus);
  caches(table, 0x8000_001d, topology.cpus);
  amdTopology(table, topology, coreBits);
  for (const leaf of [0xb, 0x1f]) if (maxLeaf >= leaf) extendedTopology(table, leaf, topology, coreBits);
  brandString(table, topology.brand);
  if (table.find(KVM_SIGNATURE_LEAF) !== undefined) signature(table);
  return table;
}

/** Bits that number `count` things. */
function bitsFor(count: number): number {
  return Math.ceil(Math.log2(count));
}

function features(table: CpuidTable, { apicId, cpus, tscDeadline }: CpuTopology): void {
  const leaf = table.find(1);
  if (leaf === undefined) return;
  // EBX: brand (0–7) and CLFLUSH size (8–15) stay; logical processors (16–23) and initial APIC id (24–31) are ours.
  leaf.ebx = (leaf.ebx & 0xffff) | (Math.min(cpus, 255) << 16) | (apicId << 24);
  leaf.ecx |= LEAF1.ECX_HYPERVISOR | LEAF1.ECX_X2APIC;
  leaf.ecx = tscDeadline ? leaf.ecx | LEAF1.ECX_TSC_DEADLINE : leaf.ecx & ~LEAF1.ECX_TSC_DEADLINE;
  leaf.edx = cpus > 1 ? leaf.edx | LEAF1.EDX_HTT : leaf.edx & ~LEAF1.EDX_HTT;
}

/**
 * Takes away what KVM offers and this machine does not: nested virtualization, whose code in the host's kernel is no
 * guest's to reach unasked; SGX, for which there is no enclave memory; AMX, unless its state may be used (XCR0 bits 17
 * and 18 in leaf 0xD: a process has to ask the kernel for them first, Documentation/arch/x86/xstate.rst).
 */
function withhold(table: CpuidTable): void {
  const clear = (leaf: number, index: number, register: "eax" | "ebx" | "ecx" | "edx", bits: number) => {
    const entry = table.find(leaf, index);
    if (entry !== undefined) entry[register] &= ~bits;
  };
  clear(1, 0, "ecx", 1 << 5 /* VMX */);
  clear(0x8000_0001, 0, "ecx", 1 << 2 /* SVM */);
  clear(7, 0, "ebx", 1 << 2 /* SGX */);
  clear(7, 0, "ecx", 1 << 30 /* SGX_LC */);
  table.remove(({ function: leaf }) =>
    leaf === 0x8000_000a /* SVM's features */ || leaf === 0x12 /* SGX's */
  );
  const AMX_STATE = 3 << 17;
  if (((table.find(0xd, 0)?.eax ?? 0) & AMX_STATE) === AMX_STATE) return;
  clear(7, 0, "edx", 1 << 22 | 1 << 24 | 1 << 25 /* AMX-BF16, -TILE, -INT8 */);
  clear(7, 1, "eax", 1 << 21 /* AMX-FP16 */);
  clear(7, 1, "edx", 1 << 8 /* AMX-COMPLEX */);
}

/** Leaf 4 (Intel) and 0x8000001D (AMD): caches of level 1 and 2 are a core's own, those above are shared by all. */
function caches(table: CpuidTable, leaf: number, cpus: number): void {
  for (const entry of table.entries()) {
    if (entry.function !== leaf || (entry.eax & 0x1f) === 0) continue;
    const level = (entry.eax >>> 5) & 7;
    const sharing = level >= 3 ? cpus - 1 : 0;
    const cores = leaf === 0x4 ? Math.min(cpus - 1, 63) << 26 : 0;
    entry.eax = (entry.eax & 0x3fff) | (Math.min(sharing, 0xfff) << 14) | cores;
  }
}

/** AMD's own leaves (APM 3, appendix E.4.1, E.4.7, E.4.17). */
function amdTopology(table: CpuidTable, { apicId, cpus }: CpuTopology, coreBits: number): void {
  const extended = table.find(0x8000_0001);
  const sizes = table.find(0x8000_0008);
  if (isAmd(table) && extended !== undefined && sizes !== undefined) {
    extended.ecx = cpus > 1 ? extended.ecx | CMP_LEGACY : extended.ecx & ~CMP_LEGACY;
    sizes.ecx = (coreBits << 12) | (cpus - 1);
  }
  const topology = table.find(0x8000_001e);
  if (topology !== undefined) {
    topology.eax = apicId;
    topology.ebx = apicId; // core id; threads per core − 1 (bits 8–15) is 0
    topology.ecx = 0; // one node
  }
}

function isAmd(table: CpuidTable): boolean {
  const ebx = table.find(0)?.ebx;
  return ebx === 0x6874_7541 /* "Auth"enticAMD */ || ebx === 0x6f67_7948 /* "Hygo"nGenuine */;
}

/** Leaves 0xB and 0x1F (Intel SDM 2A): one thread a core, all cores in one package. */
function extendedTopology(table: CpuidTable, leaf: number, topology: CpuTopology, coreBits: number): void {
  table.remove((entry) => entry.function === leaf);
  const level = (index: number, shift: number, processors: number, type: number) => {
    const entry = table.add(leaf, index, CPUID_SIGNIFICANT_INDEX);
    entry.eax = shift;
    entry.ebx = processors;
    entry.ecx = index | type;
    entry.edx = topology.apicId;
  };
  level(0, 0, 1, LEVEL.THREAD);
  level(1, coreBits, topology.cpus, LEVEL.CORE);
  level(2, 0, 0, 0);
}

/** Leaves 0x80000002 to 0x80000004: 48 bytes of text, ended by a NUL (Intel SDM 2A, CPUID). */
function brandString(table: CpuidTable, brand: string): void {
  const first = table.find(BRAND_LEAF);
  const highest = table.find(0x8000_0000);
  if (brand === "" || highest === undefined || (first !== undefined && first.eax !== 0)) return;
  const text = new DataView(new ArrayBuffer(48));
  new TextEncoder().encodeInto(brand, new Uint8Array(text.buffer, 0, 47));
  for (let i = 0; i < 3; i++) {
    const entry = table.find(BRAND_LEAF + i) ?? table.add(BRAND_LEAF + i);
    const word = (n: number) => text.getUint32(16 * i + 4 * n, true);
    [entry.eax, entry.ebx, entry.ecx, entry.edx] = [word(0), word(1), word(2), word(3)];
  }
  if (highest.eax < BRAND_LEAF + 2) highest.eax = BRAND_LEAF + 2;
}

function signature(table: CpuidTable): void {
  const text = new DataView(new TextEncoder().encode(SIGNATURE).buffer);
  const entry: CpuidEntry = table.add(SIGNATURE_LEAF);
  entry.eax = SIGNATURE_LEAF;
  entry.ebx = text.getUint32(0, true);
  entry.ecx = text.getUint32(4, true);
  entry.edx = text.getUint32(8, true);
}
