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
    console.log(`\n── ${name}, in the lab: ${args.at(-1)} ──`);
    const counts = await runDenoTest(args, {});
    await Deno.writeTextFile(`${done}.new`, JSON.stringify(counts));
    await Deno.rename(`${done}.new`, done);
  }
}
