import { assert, assertEquals, assertThrows } from "@std/assert";
import { parseArguments } from "../../../src/cli/arguments.ts";
import { run } from "../../../src/cli/commands/run.ts";
import { RunRequest } from "../../../src/cli/run_config.ts";
import { configFlags } from "../../../src/cli/run_flags.ts";
import { progressOn } from "../../../src/cli/progress.ts";
import { demoMachine, runArguments } from "../../../src/demo/machine.ts";
import { choosePlace } from "../../../src/demo/place.ts";
import type { KvmVerdict } from "../../../src/doctor/mod.ts";
import { HostError } from "../../../src/errors.ts";

const GOOD: KvmVerdict = { available: true, runsStockKernels: true, interpretsKernelMode: false };
const INTERPRETING: KvmVerdict = { available: true, runsStockKernels: false, interpretsKernelMode: true };
const NONE: KvmVerdict = {
  available: false,
  reason: "there is no /dev/kvm",
  remedy: "load a module",
  runsStockKernels: false,
  interpretsKernelMode: false,
};

Deno.test("demo: runs here where KVM can, else in the lab, and says why", () => {
  const choose = (verdict: KvmVerdict, labWanted = false, insideLab = false) =>
    choosePlace({ verdict, labWanted, insideLab });
  assertEquals(choose(GOOD), { place: "here" });
  assertEquals(choose(GOOD, true).place, "lab");
  assertEquals(choose(GOOD, true, true).place, "here");
  assertEquals(choose(INTERPRETING).place, "lab");
  assert(choose(INTERPRETING).why?.includes("interprets kernel-mode code"));
  assertEquals(choose(NONE), { place: "lab", why: "there is no /dev/kvm", remedy: "load a module" });
  assertThrows(() => choose(INTERPRETING, false, true), HostError);
});

Deno.test("demo: a shell gets the window's size, a script gets none", () => {
  const parts = { kernel: "/k", initrd: "/i", settings: { memory: "512M", cpus: 2 } };
  const window = { rows: 50, columns: 132 };
  assertEquals(
    demoMachine({ ...parts, shell: true, window }).cmdline,
    "console=ttyS0 panic=-1 denovisor.size=50x132",
  );
  assertEquals(demoMachine({ ...parts, shell: true }).cmdline, "console=ttyS0 panic=-1");
  assertEquals(
    demoMachine({ ...parts, shell: false, window }).cmdline,
    "console=ttyS0 panic=-1 denovisor.script",
  );
});

Deno.test("demo: the command line for the lab starts the very same machine", async () => {
  const machine = demoMachine({
    kernel: "/a b/vmlinuz",
    initrd: "/i",
    settings: { memory: "1G", cpus: 4 },
    shell: false,
  });
  const [name, ...words] = runArguments(machine);
  const args = parseArguments(words, run.options, { command: "denovisor run", maxOperands: 1 });
  const { serial, ...config } = (await RunRequest.read(args, configFlags())).config();
  assertEquals([name, config, serial], ["run", machine, ["stream"]]);
});

Deno.test("progress: lines for everybody; on a terminal a line tells how far it is", () => {
  const record = (terminal: boolean) => {
    let text = "";
    const progress = progressOn({ terminal, tell: (more) => void (text += more), dim: (line) => line });
    progress.step("fetching");
    for (const done of [0, 0.5, 0.501, 7]) progress.fraction(done);
    progress.step("unpacking");
    return text;
  };
  assertEquals(record(false), "denovisor: fetching\ndenovisor: unpacking\n");
  assertEquals(
    record(true).replaceAll("\x1b[1A\r\x1b[K", "<up>"),
    "denovisor: fetching\n<up>denovisor: fetching 0%\n<up>denovisor: fetching 50%\n<up>denovisor: fetching 100%\n" +
      "denovisor: unpacking\n",
  );
});
