import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import fc from "fast-check";
import { ERRNO } from "../../../ffi/errno.ts";
import { formatDoctor, wrap } from "../../../src/doctor/format.ts";
import { probeKvm, reportText, runDoctor, saveReport } from "../../../src/doctor/mod.ts";
import type { DoctorReport, KvmVerdict } from "../../../src/doctor/mod.ts";
import { conclude } from "../../../src/doctor/report.ts";
import { UserError } from "../../../src/errors.ts";
import { cpuinfo, fakeHost, FakeKvm, refuses } from "./fake_host.ts";

const NOTHING: DoctorReport = await runDoctor({ host: fakeHost(), open: refuses(ERRNO.ENOENT) });

Deno.test("doctor: a host without /dev/kvm gets a whole report, with the lab as its way on", async () => {
  assertEquals(NOTHING.ability, "nothing");
  assertEquals(NOTHING.verdict.reason, "there is no /dev/kvm");
  assertMatch(NOTHING.summary, /^This host can: run nothing without the lab/);
  assertEquals(NOTHING.next.map(({ command }) => command), ["denovisor demo"]);
  assertEquals(NOTHING.sections.length, 5);
  const verdict = await probeKvm({ host: fakeHost(), open: refuses(ERRNO.ENOENT) });
  assertEquals(verdict, NOTHING.verdict);
});

Deno.test("doctor: a KVM that makes no machine is not available, and is let go", async () => {
  for (const examine of [runDoctor, probeKvm]) {
    const kvm = new FakeKvm();
    const result = await examine({ host: fakeHost(), open: () => kvm });
    const verdict = "verdict" in result ? result.verdict : result;
    assert(!verdict.available);
    assertMatch(verdict.reason!, /another hypervisor holds the processor/);
    assertMatch(verdict.remedy!, /VirtualBox/);
    assert(kvm.disposed);
  }
});

Deno.test("doctor: without a probe, the verdict goes by names and says so", async () => {
  const nodes = { "/sys/module/kvm_pvm": {} };
  const report = await runDoctor({ host: fakeHost({ nodes }), open: () => new FakeKvm(), probe: false });
  assertEquals(report.ability, "payloads");
  assertMatch(report.sections[0]!.findings.find(({ id }) => id === "kvm.flavour")!.found, /not tried$/);
  const other = await runDoctor({ host: fakeHost(), open: () => new FakeKvm(), probe: false });
  assertEquals(other.ability, "stock-kernels");
});

Deno.test("doctor: each verdict has its summary", () => {
  const verdict = (available: boolean, runsStockKernels: boolean): KvmVerdict => (
    { available, runsStockKernels, interpretsKernelMode: false }
  );
  assertEquals(conclude(verdict(true, true)).summary, "This host can: run stock kernels.");
  assertMatch(conclude(verdict(true, false)).summary, /payloads and the embedded guest only/);
  assertEquals(conclude(verdict(true, false)).next.length, 2);
});

Deno.test("doctor: a report is plain data", () => {
  assertEquals(JSON.parse(JSON.stringify(NOTHING)), NOTHING);
  const ids = NOTHING.sections.flatMap(({ findings }) => findings.map(({ id }) => id));
  assertEquals(new Set(ids).size, ids.length);
});

Deno.test("doctor: text fits the width, and has escape sequences only with colours", () => {
  for (const width of [60, 80, 100]) {
    const text = formatDoctor(NOTHING, { colour: false, width });
    assert(!text.includes("\x1b"));
    // Commands stay whole, lists of distributions are as long as they are.
    const long = text.split("\n").filter((line) => line.length > width && !/`|: [a-z]/.test(line));
    assertEquals(long, []);
    assertMatch(text, /Next, type: {2}denovisor demo\s+boots Debian's kernel/);
  }
  const coloured = formatDoctor(NOTHING, { colour: true, width: 80 });
  assert(coloured.includes("\x1b[31m✗"));
  // deno-lint-ignore no-control-regex
  assertEquals(coloured.replaceAll(/\x1b\[\d+m/g, ""), formatDoctor(NOTHING, { colour: false, width: 80 }));
});

Deno.test("doctor: wrapping keeps every word in order, and commands in one piece", () => {
  const word = fc.stringMatching(/^[a-z(`.]{1,12}$/);
  fc.assert(fc.property(fc.array(word), fc.integer({ min: 5, max: 60 }), (words, width) => {
    const text = words.join(" ");
    const lines = wrap(text, width);
    assertEquals(lines.join(" ").trim(), text);
    for (const line of lines) {
      assert(line.length <= width || !line.replaceAll(/`[^`]*`/g, "").includes(" "), line);
    }
  }));
  assertEquals(wrap("type (`sudo modprobe -r x`), then wait", 12), [
    "type",
    "(`sudo modprobe -r x`),",
    "then wait",
  ]);
  assertEquals(wrap("  as a list", 8), ["  as a", "  list"]);
});

Deno.test("doctor: a shared report names no user, no host, no directory of a person", async () => {
  const host = fakeHost({
    uid: 1234,
    files: {
      "/proc/cpuinfo": cpuinfo("vmx"),
      "/etc/group": "kvm:x:992:quixote\n",
      "/etc/hostname": "rocinante\n",
      "/proc/self/status": "Name:\tdeno\nGid:\t1234\n",
    },
    nodes: { "/dev/kvm": { gid: 992 } },
  });
  const report = await runDoctor({ host, open: refuses(ERRNO.EACCES), device: "/home/quixote/kvm" });
  for (const file of ["report.json", "report.md"]) {
    const text = reportText(report, file, "/home/quixote");
    for (const secret of ["quixote", "rocinante", "1234"]) {
      assert(!text.includes(secret), `${file}: ${secret}`);
    }
  }
});

Deno.test("doctor: the file is JSON or Markdown by its name, and never written over another", async () => {
  const directory = await Deno.makeTempDir();
  try {
    await saveReport(NOTHING, `${directory}/a.json`);
    assertEquals(JSON.parse(await Deno.readTextFile(`${directory}/a.json`)), NOTHING);
    await saveReport(NOTHING, `${directory}/a.md`);
    const markdown = await Deno.readTextFile(`${directory}/a.md`);
    assertMatch(markdown, /^# denovisor doctor\n[^]*\| problem \| \/dev\/kvm \| there is no \/dev\/kvm \|/);
    await assertRejects(() => saveReport(NOTHING, `${directory}/a.md`), UserError, "exists");
    await assertRejects(() => saveReport(NOTHING, `${directory}/none/a.md`), UserError, "cannot write");
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
