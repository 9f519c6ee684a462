/**
 * Runs rings inside the lab, file by file, and leaves each file's counts in the lab's out directory: should the lab's
 * machine die, what was done is done.
 *
 * @module
 */

import { runDenoTest } from "./deno_test.ts";
import { labRuns, RINGS } from "./rings.ts";

const out = Deno.env.get("DENOVISOR_LAB_OUT")!;
for (const name of Deno.args) {
  const ring = RINGS.find((ring) => ring.name === name)!;
  for (const { file, args } of await labRuns(ring)) {
    const done = `${out}/${file}`;
    if (await Deno.stat(done).then(() => true, () => false)) continue;
    console.log(`\n── ${name}, in the lab: ${args.at(-1)} ──`);
    let counts = await runDenoTest(args, {});
    if (counts.failed > 0) {
      // The emulated SVM is not without faults: the lab's own kernel has been seen to panic in its scheduler, and its
      // guests to triple-fault, where the same test passes the next time. It is told here, and tried once more.
      console.log(`!! ${args.at(-1)}: ${counts.failed} failed in the lab; once more`);
      counts = await runDenoTest(args, {});
    }
    await Deno.writeTextFile(`${done}.new`, JSON.stringify(counts));
    await Deno.rename(`${done}.new`, done);
  }
}
