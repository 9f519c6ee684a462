import { assert, assertEquals, assertGreater, assertMatch } from "@std/assert";
import { ERRNO } from "../../ffi/errno.ts";
import { KvmSystem } from "../../ffi/kvm/system.ts";
import { thisHost } from "../../src/doctor/host.ts";
import { formatDoctor, probeKvm, runDoctor } from "../../src/doctor/mod.ts";
import { loadedFlavour } from "../../src/doctor/modules.ts";
import { instructionSpeed, tryInstructions } from "../../src/doctor/probe/behaviour.ts";
import { ProbeMachine } from "../../src/doctor/probe/machine.ts";

/** What this process holds: open files and mappings of KVM. */
function held(): { files: number; mappings: number } {
  const files = [...Deno.readDirSync("/proc/self/fd")].length;
  const mappings = Deno.readTextFileSync("/proc/self/maps").split("\n").filter((line) =>
    line.includes("kvm")
  );
  return { files, mappings: mappings.length };
}

function isPvm(): boolean {
  return loadedFlavour(thisHost()) === "kvm_pvm";
}

Deno.test("doctor on /dev/kvm: behaviour agrees with the name that this KVM goes by", async () => {
  const verdict = await probeKvm();
  const pvm = isPvm();
  assertEquals(verdict, { available: true, runsStockKernels: !pvm, interpretsKernelMode: pvm });
});

Deno.test("doctor on /dev/kvm: the report has every figure, and agrees with the probe", async () => {
  const report = await runDoctor();
  assertEquals(report.verdict, await probeKvm());
  const all = report.sections.flatMap(({ findings }) => findings);
  for (
    const id of ["device", "api", "flavour", "stock_kernels", "exit_cost", "vcpus", "capabilities", "nested"]
  ) {
    assert(all.some((finding) => finding.id === `kvm.${id}`), id);
  }
  const cost = all.find(({ id }) => id === "kvm.exit_cost")!.data as { microseconds: number; exits: number };
  assertGreater(cost.microseconds, 0.1);
  assertGreater(cost.exits, 100);
  assertEquals(JSON.parse(JSON.stringify(report)), report);
  assertMatch(formatDoctor(report, { colour: false, width: 80 }), /This host can: run /);
});

Deno.test("doctor on /dev/kvm: nothing stays open or mapped", async () => {
  await runDoctor(); // opens libc, and whatever Deno keeps
  const before = held();
  await runDoctor();
  await probeKvm();
  assertEquals(held(), before);
});

Deno.test("doctor on /dev/kvm: user-mode code runs, natively on every KVM", () => {
  using kvm = KvmSystem.open();
  using machine = new ProbeMachine(kvm);
  const speed = instructionSpeed(machine, "user");
  assert(speed !== undefined && speed > 20e6, `${speed}`);
});

Deno.test("doctor on /dev/kvm: an instruction's outcome does not depend on those tried before", () => {
  using kvm = KvmSystem.open();
  using machine = new ProbeMachine(kvm);
  const outcomes = tryInstructions(machine);
  assertEquals(tryInstructions(machine), outcomes);
  // Every processor with VMX or SVM of the last fifteen years has them all; kvm_pvm's interpreter lacks them all.
  const expected = isPvm() ? "emulation failure" : "runs";
  assertEquals(new Set(Object.values(outcomes)), new Set([expected]));
});

Deno.test("doctor on /dev/kvm: a guest that never ends is ended at the deadline, and later ones, too", () => {
  using kvm = KvmSystem.open();
  using machine = new ProbeMachine(kvm);
  for (const mode of ["kernel", "user"] as const) {
    machine.start(machine.payloads.countDown, mode, Number.MAX_SAFE_INTEGER);
    const twice = () => [machine.run(), machine.run()];
    assertEquals(machine.within(30, twice), [ERRNO.EINTR, ERRNO.EINTR]);
  }
  // Afterwards, nothing interrupts any more: a loop of some length runs to its end.
  assert(instructionSpeed(machine, "kernel") !== undefined);
});

Deno.test("doctor on /dev/kvm: devices that are no KVM are told apart", async () => {
  const none = await probeKvm({ device: "/dev/no-such-device" });
  assertMatch(none.reason!, /there is no/);
  const zero = await probeKvm({ device: "/dev/zero" });
  assertMatch(zero.reason!, /does not answer as KVM does \(ENOTTY\)/);
  const directory = await runDoctor({ device: "/dev" });
  assertMatch(directory.verdict.reason!, /is a directory/);
});

/** `setresuid` by number: unlike libc's it changes the calling thread alone (`asm/unistd_64.h`; setresuid(2)). */
const SYS_SETRESUID = 117n;
const NOBODY = 65534n;
const SAME = -1n;

function openToAll(path: string): boolean {
  const node = thisHost().stat(path);
  return node === undefined || (node.mode & 0o006) !== 0;
}

Deno.test({
  name: "doctor on /dev/kvm: a user without permission is told so",
  ignore: Deno.uid() !== 0 || openToAll("/dev/kvm"), // root can become somebody whom the device is closed to
  async fn() {
    await probeKvm(); // loads everything as root
    const libc = Deno.dlopen("libc.so.6", {
      syscall: { parameters: ["i64", "i64", "i64", "i64"], result: "i32" },
    });
    const become = (user: bigint) => assertEquals(libc.symbols.syscall(SYS_SETRESUID, SAME, user, SAME), 0);
    become(NOBODY);
    try {
      const verdict = await probeKvm();
      assert(!verdict.available);
      assertMatch(verdict.reason!, /not open to you \(EACCES\): mode 0\d+, group \w+/);
      assertMatch(verdict.remedy!, /usermod|setfacl/);
    } finally {
      become(0n);
      libc.close();
    }
    assert((await probeKvm()).available);
  },
});
