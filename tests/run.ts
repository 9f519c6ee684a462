/**
 * `deno task test`: every test, each where it can run, with all set-up.
 *
 * ```
 * deno task test [RING…] [-- ARGS of deno test]     rings: unit abi doc kvm guests
 * ```
 *
 * @module
 */

import { probeKvm } from "../src/doctor/mod.ts";
import { runInLab } from "../src/lab/lab.ts";
import { LabError } from "../src/lab/machine.ts";
import { labRuns, type Ring, type RingName, RINGS } from "./runner/rings.ts";
import { prepare } from "./runner/prepare.ts";
import { runDenoTest } from "./runner/deno_test.ts";
import { add, type Counts, NOTHING } from "./runner/counts.ts";
import { Report } from "./runner/report.ts";

/** Where a ring's tests run. */
type Place = "here" | "lab";

const wanted = Deno.args.filter((arg) => !arg.startsWith("-")) as RingName[];
const unknown = wanted.filter((name) => !RINGS.some((ring) => ring.name === name));
if (unknown.length > 0) {
  console.error(
    `no ring of tests is called ${unknown.join(", ")}; there are ${RINGS.map((r) => r.name).join(", ")}`,
  );
  Deno.exit(2);
}
const rings = wanted.length === 0 ? RINGS : RINGS.filter((ring) => wanted.includes(ring.name));
const report = new Report();
const kvm = await probeKvm();
const place = (ring: Ring): Place =>
  ring.needs === "nothing" || (ring.needs === "kvm" ? kvm.available : kvm.runsStockKernels) ? "here" : "lab";
const lab = rings.filter((ring) => place(ring) === "lab" || ring.alsoInLab?.(kvm));

report.heading(
  kvm.available
    ? `/dev/kvm is here and ${kvm.runsStockKernels ? "runs" : "does not run"} stock kernels`
    : `no usable /dev/kvm here: ${kvm.reason}`,
);
const environment = await report.timed(
  "set-up",
  10,
  () => prepare({ lab: lab.length > 0, guests: wantsGuests() }),
);

let counts: Counts = NOTHING;
for (const ring of rings.filter((ring) => place(ring) === "here")) {
  counts = add(
    counts,
    await report.ring(ring, "on this host", () => runDenoTest(ring.arguments, environment)),
  );
}
if (lab.length > 0) {
  counts = add(counts, await inLab(lab));
}
report.close(counts);
Deno.exit(counts.failed > 0 || report.overBudget ? 1 : 0);

function wantsGuests(): boolean {
  return rings.some((ring) => ring.name === "guests");
}

/** One start of the lab serves all rings that need it; each file's counts come back through a file of their own. */
async function inLab(rings: readonly Ring[]): Promise<Counts> {
  const outDir = await Deno.makeTempDir({ prefix: "denovisor-tests-" });
  try {
    const runs = (await Promise.all(rings.map(labRuns))).flat();
    const budget = rings.reduce((minutes, ring) => minutes + ring.minutes, 0);
    await report.timed(`the lab: ${rings.map((ring) => ring.name).join(", ")}`, budget, async () => {
      try {
        await runInLab({
          command: [
            ...[Deno.execPath(), "run", "-A", "tests/runner/in_lab.ts"],
            ...rings.map((ring) => ring.name),
          ],
          env: { ...Deno.env.toObject(), ...environment },
          outDir,
          interactive: false,
          timeLimit: budget * 60,
          progress: report.progress,
        });
      } catch (error) {
        if (!(error instanceof LabError)) throw error;
        console.error(error.message);
      }
    });
    let sum = NOTHING;
    for (const { file, args } of runs) {
      const text = await Deno.readTextFile(`${outDir}/${file}`).catch(() => undefined);
      if (text === undefined) report.problem(`${args.at(-1)}: the lab ended before these tests did`);
      sum = add(sum, text === undefined ? { ...NOTHING, failed: 1 } : JSON.parse(text) as Counts);
    }
    report.note(`${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`);
    return sum;
  } finally {
    await Deno.remove(outDir, { recursive: true });
  }
}
