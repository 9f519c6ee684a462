import { assertEquals } from "@std/assert";
import { CpuidTable } from "../../../ffi/kvm/cpuid_table.ts";
import { CPUID_SIGNIFICANT_INDEX } from "../../../ffi/uapi/kvm_constants.ts";
import { type CpuTopology, guestCpuid } from "../../../src/cpu/cpuid.ts";

type Leaf = readonly [leaf: number, index: number, eax: number, ebx: number, ecx: number, edx: number];

function table(...leaves: Leaf[]): CpuidTable {
  const made = new CpuidTable(leaves.length);
  for (const [leaf, index, ...values] of leaves) {
    const entry = made.add(leaf, index, CPUID_SIGNIFICANT_INDEX);
    [entry.eax, entry.ebx, entry.ecx, entry.edx] = values;
  }
  return made;
}

const INTEL: Leaf = [0, 0, 0x1f, 0x756e_6547, 0x6c65_746e, 0x4965_6e69];
const AMD: Leaf = [0, 0, 0x10, 0x6874_7541, 0x444d_4163, 0x6974_6e65];
const KVM: Leaf = [0x4000_0000, 0, 0x4000_0001, 0, 0, 0];

const guest = (supported: CpuidTable, change: Partial<CpuTopology> = {}) =>
  guestCpuid(supported, { apicId: 0, cpus: 1, tscDeadline: false, brand: "", ...change });

const text = (...words: number[]) => new TextDecoder().decode(Uint32Array.from(words));

Deno.test("cpuid: leaf 1 names this processor, how many there are, and that a hypervisor is here", () => {
  const supported = table(INTEL, [1, 0, 0x306a9, 0xff_ff_08_00, 1 << 24, 1 << 28]);
  const one = guest(supported).find(1)!;
  assertEquals([one.ebx, one.edx >>> 28 & 1], [0x0001_0800, 0]);
  assertEquals(
    one.ecx,
    ((1 << 31) | (1 << 21)) >>> 0,
    "x2APIC and hypervisor; no TSC deadline where KVM has none",
  );
  const last = guest(supported, { apicId: 31, cpus: 32, tscDeadline: true }).find(1)!;
  assertEquals([last.ebx, last.edx >>> 28 & 1, last.ecx >>> 24 & 1], [0x1f20_0800, 1, 1]);
  assertEquals(supported.find(1)!.ebx, 0xffff_0800, "the host's table is left as it is");
});

Deno.test("cpuid: extended topology is one thread a core and all cores in one package", () => {
  const supported = table(INTEL, [0xb, 0, 9, 9, 9, 9], [0xb, 1, 9, 9, 9, 9], [0x1f, 0, 9, 9, 9, 9]);
  for (const [cpus, bits] of [[1, 0], [2, 1], [3, 2], [32, 5], [254, 8]] as const) {
    const made = guest(supported, { cpus, apicId: cpus - 1 });
    for (const leaf of [0xb, 0x1f]) {
      const level = (index: number) => {
        const { eax, ebx, ecx, edx } = made.find(leaf, index)!;
        return [eax, ebx, ecx, edx];
      };
      assertEquals(level(0), [0, 1, 0x100, cpus - 1]);
      assertEquals(level(1), [bits, cpus, 0x201, cpus - 1]);
      assertEquals(level(2), [0, 0, 2, cpus - 1]);
    }
  }
  assertEquals(guest(table(AMD)).find(0x1f), undefined, "only up to the processor's highest leaf");
});

Deno.test("cpuid: lower caches are a core's own, the last level is shared by all", () => {
  const level = (n: number, type: number) => n << 5 | type | 0x1f << 14 | 0x3f << 26;
  const supported = table(INTEL, [4, 0, level(1, 1), 1, 2, 3], [4, 2, level(3, 3), 1, 2, 3], [
    4,
    3,
    0,
    0,
    0,
    0,
  ]);
  const caches = (cpus: number) => {
    const made = guest(supported, { cpus });
    return [0, 2, 3].map((index) => {
      const { eax } = made.find(4, index)!;
      return [eax >>> 14 & 0xfff, eax >>> 26];
    });
  };
  assertEquals(caches(1), [[0, 0], [0, 0], [0, 0]]);
  assertEquals(caches(8), [[0, 7], [7, 7], [0, 0]]);
  assertEquals(caches(254), [[0, 63], [253, 63], [0, 0]], "fields that are too small hold the most they can");
});

Deno.test("cpuid: AMD's leaves tell the same topology", () => {
  const supported = table(
    AMD,
    [0x8000_0001, 0, 0, 0, 2, 0],
    [0x8000_0008, 0, 0x3030, 0, 0xffff, 0],
    [0x8000_001e, 0, 5, 0x0705, 0x0303, 0],
  );
  const made = guest(supported, { apicId: 5, cpus: 6 });
  assertEquals(made.find(0x8000_0001)!.ecx & 2, 2);
  assertEquals(made.find(0x8000_0008)!.ecx, 3 << 12 | 5);
  const node = made.find(0x8000_001e)!;
  assertEquals([node.eax, node.ebx, node.ecx], [5, 5, 0]);
  assertEquals(guest(supported).find(0x8000_0001)!.ecx & 2, 0, "one processor is no multi-core");
});

Deno.test("cpuid: our signature stands behind KVM's, which stays first", () => {
  const made = guest(table(INTEL, KVM));
  const { eax, ebx, ecx, edx } = made.find(0x4000_0100)!;
  assertEquals([eax, text(ebx, ecx, edx)], [0x4000_0100, "DenovisorVMM"]);
  assertEquals(made.find(0x4000_0000)!.eax, 0x4000_0001);
  assertEquals(guest(table(INTEL)).find(0x4000_0100), undefined);
});

Deno.test("cpuid: the brand string is the host's where KVM gives none", () => {
  const brand = (supported: CpuidTable, name: string) => {
    const made = guest(supported, { brand: name });
    const words = [0, 1, 2].flatMap((i) => {
      const leaf = made.find(0x8000_0002 + i);
      return leaf === undefined ? [] : [leaf.eax, leaf.ebx, leaf.ecx, leaf.edx];
    });
    return [text(...words).replace(/\0+$/, ""), made.find(0x8000_0000)?.eax];
  };
  assertEquals(brand(table(INTEL, [0x8000_0000, 0, 0x8000_0008, 0, 0, 0]), "Toy CPU"), [
    "Toy CPU",
    0x8000_0008,
  ]);
  assertEquals(brand(table(INTEL, [0x8000_0000, 0, 0x8000_0001, 0, 0, 0]), "Toy CPU"), [
    "Toy CPU",
    0x8000_0004,
  ]);
  const long = "x".repeat(60);
  assertEquals(brand(table(INTEL, [0x8000_0000, 0, 0x8000_0008, 0, 0, 0]), long)[0], "x".repeat(47));
  const own: Leaf = [0x8000_0002, 0, 0x4d56_4b20, 0, 0, 0];
  assertEquals(brand(table(INTEL, [0x8000_0000, 0, 0x8000_0008, 0, 0, 0], own), "Toy")[0], " KVM");
  assertEquals(brand(table(INTEL), "Toy")[0], "", "a processor without extended leaves has no room for one");
});
