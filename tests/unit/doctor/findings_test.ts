import { assert, assertEquals, assertMatch } from "@std/assert";
import { CAP } from "../../../ffi/uapi/kvm_constants.ts";
import { CAPABILITY_USES, capabilityFindings, vcpuFinding } from "../../../src/doctor/capabilities.ts";
import { behaviourFindings } from "../../../src/doctor/flavour.ts";
import { ioFindings } from "../../../src/doctor/io_devices.ts";
import { loadedFlavour, nestedFinding, pagingFindings } from "../../../src/doctor/modules.ts";
import { allInstructionsRun, interprets } from "../../../src/doctor/probe/behaviour.ts";
import type { Finding } from "../../../src/doctor/report.ts";
import { resourceFindings } from "../../../src/doctor/resources.ts";
import { systemFindings } from "../../../src/doctor/system.ts";
import { toolFindings } from "../../../src/doctor/tools.ts";
import { cpuinfo, fakeHost, FakeKvm } from "./fake_host.ts";

function find(list: readonly Finding[], id: string): Finding {
  const found = list.find((finding) => finding.id === id);
  assert(found !== undefined, `no finding ${id} among ${list.map((finding) => finding.id).join(" ")}`);
  return found;
}

Deno.test("doctor: every capability that ffi names is explained, and the other way round", () => {
  assertEquals(Object.keys(CAPABILITY_USES).sort(), Object.keys(CAP).sort());
});

Deno.test("doctor: a needed capability that is missing is a problem, a useful one a note", () => {
  const without = (...missing: number[]) =>
    capabilityFindings(new FakeKvm(12, (capability) => missing.includes(capability) ? 0 : 1));
  assertEquals(without().map(({ status }) => status), ["ok"]);
  const list = without(CAP.IMMEDIATE_EXIT, CAP.XSAVE2);
  assertEquals(find(list, "kvm.capability.IMMEDIATE_EXIT").status, "problem");
  assertEquals(find(list, "kvm.capability.XSAVE2").status, "note");
  assertMatch(list[0]!.found, new RegExp(`^${Object.keys(CAP).length - 2} of the`));
});

Deno.test("doctor: the number of vCPUs falls back as KVM documents it", () => {
  const most = (values: Record<number, number>) =>
    vcpuFinding(new FakeKvm(12, (capability) => values[capability] ?? 0)).found;
  assertEquals(most({ [CAP.NR_VCPUS]: 8, [CAP.MAX_VCPUS]: 288 }), "up to 288; KVM recommends at most 8 here");
  assertEquals(most({ [CAP.NR_VCPUS]: 8 }), "up to 8");
  assertEquals(most({}), "up to 4");
});

Deno.test("doctor: slow kernel-mode code is interpreted only where user mode is faster", () => {
  assert(interprets({ kernel: 1.7e6, user: 7e9 }));
  assert(interprets({ kernel: 1.7e6 }));
  assert(!interprets({ kernel: 3e9, user: 3e9 }));
  assert(!interprets({ kernel: 5e6, user: 6e6 }), "an emulated processor is slow in both modes");
});

Deno.test("doctor: an instruction that KVM cannot emulate ends stock kernels, an absent one does not", () => {
  const fine = { cmpxchg16b: "runs", int3: "runs", ldmxcsr: "runs", xgetbv: "absent" } as const;
  assert(allInstructionsRun(fine));
  const lacking = { ...fine, int3: "emulation failure" } as const;
  assert(!allInstructionsRun(lacking));

  const shared = { speed: { kernel: 2e6, user: 7e9 }, runsStockKernels: false, interpretsKernelMode: true };
  const host = fakeHost({ nodes: { "/sys/module/kvm_pvm": { kind: "directory" } } });
  const list = behaviourFindings(host, { instructions: lacking, ...shared });
  assertMatch(find(list, "kvm.flavour").found, /^kvm_pvm .*interprets kernel-mode code at 2.0 M/);
  assertEquals(find(list, "kvm.stock_kernels").status, "problem");
  assertMatch(find(list, "kvm.stock_kernels").found, /\(int3: emulation failure\)/);
});

Deno.test("doctor: where several modules are built in, the processor's own counts", () => {
  const nodes = { "/sys/module/kvm_intel": {}, "/sys/module/kvm_amd": {} };
  assertEquals(loadedFlavour(fakeHost({ nodes, files: { "/proc/cpuinfo": cpuinfo("svm") } })), "kvm_amd");
  assertEquals(loadedFlavour(fakeHost({ nodes, files: { "/proc/cpuinfo": cpuinfo("vmx") } })), "kvm_intel");
  assertEquals(loadedFlavour(fakeHost()), undefined);
});

Deno.test("doctor: an Intel host's parameters are told with what they cost", () => {
  const host = fakeHost({
    nodes: { "/sys/module/kvm_intel": {} },
    files: {
      "/proc/cpuinfo": cpuinfo("vmx"),
      "/sys/module/kvm_intel/parameters/ept": "Y\n",
      "/sys/module/kvm_intel/parameters/unrestricted_guest": "N\n",
      "/sys/module/kvm_intel/parameters/nested": "N\n",
    },
  });
  const list = pagingFindings(host);
  assertEquals(list.map(({ id, status }) => [id, status]), [["kvm.paging", "ok"], [
    "kvm.real_mode",
    "warning",
  ]]);
  assertMatch(nestedFinding(host, new FakeKvm()).remedy!, /modprobe kvm_intel nested=1/);
});

Deno.test("doctor: memory, limits and page settings are read as the kernel writes them", () => {
  const list = resourceFindings(fakeHost({
    files: {
      "/proc/meminfo": "MemTotal:       16384000 kB\nMemFree: 1 kB\nMemAvailable:     204800 kB\n",
      "/proc/sys/vm/overcommit_memory": "2\n",
      "/sys/fs/cgroup/memory.max": "1073741824\n",
      "/sys/kernel/mm/transparent_hugepage/enabled": "[always] madvise never\n",
      "/sys/kernel/mm/transparent_hugepage/shmem_enabled": "always within_size [advise] never deny force\n",
      "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages": "512\n",
      "/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages": "500\n",
      "/proc/self/limits":
        "Limit                     Soft Limit           Hard Limit           Units     \n" +
        "Max open files            128                  4096                 files     \n" +
        "Max locked memory         unlimited            unlimited            bytes     \n" +
        "Max address space         1073741824           unlimited            bytes     \n",
    },
  }));
  assertEquals(find(list, "resources.memory").status, "warning");
  assertEquals(find(list, "resources.memory").data, { totalMiB: 16000, availableMiB: 200 });
  assertMatch(find(list, "resources.memory_limit").found, /1\.0 GiB/);
  assertEquals(find(list, "resources.overcommit").status, "warning");
  assertEquals(find(list, "resources.thp").data, { enabled: "always", shmem: "advise" });
  assertEquals(find(list, "resources.hugepages").data, { reserved: 512, free: 500 });
  assertEquals(find(list, "resources.nofile").status, "warning");
  assertEquals(find(list, "resources.memlock").data, "unlimited");
  assertEquals(find(list, "resources.address_space").status, "warning");
});

Deno.test("doctor: control groups without a limit are not mentioned", () => {
  const unlimited = [
    { "/sys/fs/cgroup/memory.max": "max\n" },
    { "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n" },
    {},
  ];
  for (const files of unlimited) {
    const list = resourceFindings(fakeHost({ files }));
    assert(!list.some(({ id }) => id === "resources.memory_limit"));
  }
});

Deno.test("doctor: kernel devices that do not open say which module or permission is missing", () => {
  const list = ioFindings(fakeHost({ opens: { "/dev/net/tun": 0, "/dev/vhost-net": 13 } }));
  assertMatch(find(list, "io.tun").remedy!, /ip tuntap/);
  assertMatch(find(list, "io.vhost_net").remedy!, /setfacl .* \/dev\/vhost-net/);
  assertMatch(find(list, "io.vhost_vsock").remedy!, /modprobe vhost_vsock/);
  const admin = fakeHost({
    opens: { "/dev/net/tun": 0 },
    files: { "/proc/self/status": "CapEff:\t0000000000001000\n" },
  });
  assertEquals(find(ioFindings(admin), "io.tun").status, "ok");
});

Deno.test("doctor: tools come with the way to get them here", async () => {
  const debian = await toolFindings(fakeHost({ tools: ["apt-get", "dpkg-deb"] }));
  assertMatch(find(debian, "tools.qemu-system-x86_64").remedy!, /apt-get install qemu-system-x86/);
  const other = await toolFindings(fakeHost({ tools: ["qemu-system-x86_64"] }));
  assertEquals(find(other, "tools.qemu-system-x86_64").status, "ok");
  assertMatch(find(other, "tools.apt-get").remedy!, /--kernel FILE[^]*pacman/);
});

Deno.test("doctor: old kernels, old Denos and missing permissions are told", () => {
  const list = systemFindings(fakeHost({
    release: "4.19.0-amd64",
    versions: { deno: "2.4.0", v8: "13", typescript: "5" },
    permitted: (name) => name !== "read" && name !== "env",
  }));
  assertEquals(find(list, "host.kernel").status, "warning");
  assertEquals(find(list, "host.deno").status, "warning");
  assertMatch(find(list, "host.permissions").found, /read, env/);
  assertEquals(find(systemFindings(fakeHost({ release: "10.0.1" })), "host.kernel").status, "ok");
});

Deno.test("doctor: what cannot be known is called unknown, and nothing is advised", async () => {
  const blind = { ...fakeHost({ release: undefined }), hasTool: () => Promise.resolve(undefined) };
  const list = [...systemFindings(blind), ...resourceFindings(blind), ...await toolFindings(blind)];
  assertEquals(list.filter(({ status }) => status === "warning" || status === "problem"), []);
  assertEquals(list.filter(({ remedy }) => remedy !== undefined), []);
});
