/** Runs rings inside the lab, one after the other, and leaves each one's counts in the lab's out directory. */
import { runDenoTest } from "./deno_test.ts";
import { RINGS } from "./rings.ts";

const out = Deno.env.get("DENOVISOR_LAB_OUT")!;
for (const name of Deno.args) {
  const ring = RINGS.find((ring) => ring.name === name)!;
  console.log(`\n── ${name}, in the lab ──`);
  const started = performance.now();
  const counts = await runDenoTest(ring.labArguments ?? ring.arguments, {});
  await Deno.writeTextFile(`${out}/${name}.json`, JSON.stringify(counts));
  console.log(`── ${name}: ${((performance.now() - started) / 1000).toFixed(0)} s in the lab ──`);
}
