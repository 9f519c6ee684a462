import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { join } from "@std/path";
import { HostError, type MachineConfig, UserError, Vm } from "../../mod.ts";
import { KVM_API_VERSION } from "../../ffi/uapi/kvm_constants.ts";
import { KvmMachine, openKvm, requireFits, requireUsable } from "../../src/kvm_host.ts";
import { HostMemory } from "../../src/memory/host_memory.ts";
import { assertNothingLeft, heldBetweenMachines } from "../support/leftovers.ts";
import { bzImage, elf, MIB } from "../unit/boot/images.ts";

const CONFIG = new URL("../../deno.json", import.meta.url).pathname;
const MODULE = new URL("../../mod.ts", import.meta.url).href;

/** Files that are wrong in some way, by name. */
const FILES: Readonly<Record<string, Uint8Array>> = {
  "bzimage": bzImage(),
  "short-bzimage": bzImage().subarray(0, 3000),
  "old-bzimage": bzImage((header) => void (header.version = 0x0201)),
  "elf": elf({ segments: [{ paddr: MIB, data: new Uint8Array(4096) }] }),
  "short-elf": elf({ segments: [{ paddr: MIB, data: new Uint8Array(4096) }] }).subarray(0, 1000),
  "overlapping-elf": elf({
    segments: [{ paddr: MIB, data: new Uint8Array(4096) }, { paddr: MIB + 2048, data: new Uint8Array(4096) }],
  }),
  "high-elf": elf({ entry: 0x7000_0000, segments: [{ paddr: 0x7000_0000, data: new Uint8Array(4096) }] }),
  "hole-elf": elf({ entry: 0xd000_0000, segments: [{ paddr: 0xd000_0000, data: new Uint8Array(4096) }] }),
  "text": new TextEncoder().encode("This is no kernel.\n".repeat(100)),
  "empty": new Uint8Array(),
  "initrd": new Uint8Array(20 * MIB),
};

/** What is wrong, and what the error says of it. */
const CASES: readonly (readonly [what: string, config: object, says: RegExp, field: string])[] = [
  ["no such kernel", { kernel: "FILES/none" }, /no such file: .*none/, "kernel"],
  ["a directory", { kernel: "FILES" }, /is a directory/, "kernel"],
  ["a device", { kernel: "/dev/zero" }, /not a regular file/, "kernel"],
  ["an empty file", { kernel: "FILES/empty" }, /empty/, "kernel"],
  ["no kernel", { kernel: "FILES/text" }, /is no kernel: it looks like/, "kernel"],
  ["a truncated bzImage", { kernel: "FILES/short-bzimage" }, /truncated/, "kernel"],
  ["an old bzImage", { kernel: "FILES/old-bzimage" }, /2\.1|2\.01/, "kernel"],
  ["a truncated ELF", { kernel: "FILES/short-elf" }, /truncated/, "kernel"],
  ["overlapping segments", { kernel: "FILES/overlapping-elf", protocol: "elf" }, /overlaps/, "kernel"],
  [
    "a segment past the memory",
    { kernel: "FILES/high-elf", protocol: "elf" },
    /needs guest memory up to/,
    "kernel",
  ],
  [
    "a segment in the hole",
    { kernel: "FILES/hole-elf", protocol: "elf" },
    /outside of the guest's memory/,
    "kernel",
  ],
  ["the wrong protocol", { kernel: "FILES/elf", protocol: "linux" }, /is no Linux bzImage/, "kernel"],
  ["no such initrd", { kernel: "FILES/bzimage", initrd: "FILES/none" }, /no such file/, "initrd"],
  [
    "an initrd larger than memory",
    { kernel: "FILES/bzimage", initrd: "FILES/initrd" },
    /does not fit/,
    "initrd",
  ],
  ["an initrd for the embedded guest", { initrd: "FILES/initrd" }, /takes none/, "initrd"],
  [
    "a long command line",
    { kernel: "FILES/bzimage", cmdline: "x".repeat(2048) },
    /2048 bytes.* takes 2047/,
    "cmdline",
  ],
  ["a NUL in it", { kernel: "FILES/bzimage", cmdline: "a\0b" }, /NUL/, "cmdline"],
  ["no such module", { modules: [{ path: "FILES/none" }] }, /no such file/, "modules"],
  ["memory of 0", { memory: "0" }, /"0" is no amount/, "memory"],
  ["memory as a number", { memory: 512 }, /512 must be a text with a unit/, "memory"],
  ["memory of -1", { memory: "-1" }, /no amount/, "memory"],
  ["lots of memory", { memory: "lots" }, /no amount/, "memory"],
  ["1 KiB of memory", { memory: "1KiB" }, /too little: the least is 16 MiB/, "memory"],
  ["more memory than any processor's", { memory: "9999T" }, /too much/, "memory"],
  ["more memory than the host can map", { memory: "200T" }, /cannot map|can address/, "memory"],
  ["0 CPUs", { cpus: 0 }, /0 is too small: the least is 1/, "cpus"],
  ["-1 CPUs", { cpus: -1 }, /-1 is too small/, "cpus"],
  ["half a CPU", { cpus: 1.5 }, /1\.5 must be/, "cpus"],
  ["10,000 CPUs", { cpus: 10_000 }, /10000 is too many/, "cpus"],
  ["CPUs as a bigint", { cpus: 2n }, /2n must be/, "cpus"],
  ["an unknown setting", { cpu: 2 }, /there is no setting/, "cpu"],
  ["a serial target that is none", { serial: ["tty"] }, /"tty" must be/, "serial.0"],
  ["too many serial ports", { serial: ["null", "null", "null", "null", "null"] }, /too many/, "serial"],
];

/** A configuration with FILES in its texts replaced. */
function placed(config: unknown, folder: string): MachineConfig {
  const replace = (value: unknown): unknown =>
    typeof value === "string"
      ? value.replace(/^FILES/, folder)
      : Array.isArray(value)
      ? value.map(replace)
      : typeof value === "object" && value !== null
      ? Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, replace(inner)]))
      : value;
  return replace(config) as MachineConfig;
}

Deno.test("bad input: each is one error that names the setting, and leaves nothing behind", async () => {
  const before = await heldBetweenMachines();
  const folder = await Deno.makeTempDir();
  try {
    for (const [name, bytes] of Object.entries(FILES)) await Deno.writeFile(join(folder, name), bytes);
    for (const [what, config, says, field] of CASES) {
      const error = await assertRejects(
        () => Vm.start({ memory: "16M", ...placed(config, folder) }),
        Error,
        undefined,
        what,
      );
      assert(error instanceof UserError || error instanceof HostError, `${what}: ${error.stack}`);
      assertMatch(error.message, says, what);
      assertEquals(error.field, field, what);
    }
    const leftFiles = [...Deno.readDirSync(folder)].length;
    assertEquals(leftFiles, Object.keys(FILES).length);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  await assertNothingLeft(before);
});

Deno.test("bad input: a configuration that is none", async () => {
  for (const config of [null, [], "text", 7]) {
    const error = await assertRejects(() => Vm.start(config as never), UserError);
    assertStringIncludes(error.message, "the configuration: ");
  }
});

Deno.test("bad host: no KVM, no permission for it, and what is no KVM", () => {
  const none = assertThrows(() => openKvm("/dev/no-such-kvm"), HostError);
  assertMatch(none.message, /no usable \/dev\/no-such-kvm: .*ENOENT/);
  assertStringIncludes(none.hint!, "modprobe kvm_intel");
  // A file that nobody may open for writing, not even root (a sysctl of mode 0444).
  const closed = assertThrows(() => openKvm("/proc/sys/kernel/ostype"), HostError);
  assertMatch(closed.message, /EACCES/);
  assertStringIncludes(closed.hint!, "usermod -aG kvm");
  const other = assertThrows(() => openKvm("/dev/null"), HostError);
  assertMatch(other.message, /\/dev\/null is no KVM device: .*ENOTTY/);
  assertStringIncludes(other.hint!, "denovisor doctor");
});

Deno.test("bad host: another API version, or a KVM without what every machine needs", () => {
  const kvm = (version: number, has: (capability: number) => number) => () =>
    requireUsable({ apiVersion: () => version, checkExtension: has }, "/dev/kvm");
  const old = assertThrows(kvm(11, () => 1), HostError, "/dev/kvm speaks KVM API version 11, not 12");
  assertStringIncludes(old.hint!, "version 12");
  const poor = assertThrows(
    kvm(KVM_API_VERSION, () => 0),
    HostError,
    "IRQCHIP, PIT2, EXT_CPUID, IMMEDIATE_EXIT",
  );
  assertStringIncludes(poor.hint!, "4.12");
  kvm(KVM_API_VERSION, () => 1)();
});

Deno.test("bad host: more vCPUs or memory than this KVM takes, found before and by the kernel", async () => {
  const before = await heldBetweenMachines();
  {
    using kvm = openKvm();
    const most = assertThrows(
      () => requireFits(kvm, { cpus: 1e6, memory: 2 ** 24 }),
      UserError,
      "cpus: 1000000",
    );
    assertEquals(most.field, "cpus");
    assertMatch(most.hint!, /^The most here is \d+\.$/);
    const large = assertThrows(
      () => requireFits(kvm, { cpus: 1, memory: 2 ** 52 }),
      UserError,
      "memory: 4096 TiB",
    );
    assertMatch(large.hint!, /\d+ bits/);
    requireFits(kvm, { cpus: 1, memory: 2 ** 36 - 2 ** 30 });
    using memory = HostMemory.allocate(2 ** 24);
    const error = assertThrows(() => KvmMachine.create(kvm, memory, 1e5), HostError, "ioctl KVM_CREATE_VCPU");
    assertInstanceOf(error.cause, Error);
    assertStringIncludes(error.hint!, "doctor");
  }
  await assertNothingLeft(before);
});

Deno.test("bad permissions: without --allow-ffi or --allow-read it says which is missing", async () => {
  const program = `
    import { Vm } from "${MODULE}";
    try {
      await using vm = await Vm.start({ memory: "16M", cmdline: "poweroff" });
      console.log(JSON.stringify(await vm.wait()));
    } catch ({ name, message, hint }) {
      console.log(JSON.stringify({ name, message, hint }));
    }`;
  const run = async (...permissions: string[]) => {
    const path = await Deno.makeTempFile({ suffix: ".ts" });
    try {
      await Deno.writeTextFile(path, program);
      const { stdout } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "--no-prompt", "--no-check", "--config", CONFIG, ...permissions, path],
        stderr: "null",
      }).output();
      return JSON.parse(new TextDecoder().decode(stdout)) as { name: string; message: string; hint?: string };
    } finally {
      await Deno.remove(path);
    }
  };
  const noFfi = await run("--allow-read");
  assertEquals(noFfi.name, "UserError");
  assertStringIncludes(noFfi.hint!, "--allow-ffi");
  const noRead = await run("--allow-ffi");
  assertEquals(noRead.name, "HostError");
  assertStringIncludes(noRead.message, "--allow-read");
  assertEquals(await run("--allow-ffi", "--allow-read") as unknown, { reason: "poweroff" });
});
