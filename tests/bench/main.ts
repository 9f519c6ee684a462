/**
 * Benchmarks: `deno task bench [NAME…] [--json FILE|-]`. Each figure is measured beside what it is compared with, in one
 * run. The exit code is 0 whether or not targets are met: figures depend on the machine.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { boot } from "./boot.ts";
import { exits } from "./exits.ts";
import type { Bench } from "./figure.ts";
import { machineFacts } from "./machine_facts.ts";
import { memory } from "./memory.ts";
import { start } from "./start.ts";
import { report, type Results, table } from "./table.ts";
import { uart } from "./uart.ts";

const BENCHES: readonly Bench[] = [exits, uart, start, memory, boot];

/** Runs the benchmarks that are named, or all. */
async function main(words: readonly string[]): Promise<number> {
  const args = parseArgs([...words], { string: ["json"] });
  const names = (args["_"] as unknown[]).map(String);
  const unknown = names.find((name) => !BENCHES.some((bench) => bench.name === name));
  if (unknown !== undefined) {
    console.error(`no benchmark "${unknown}": there are ${BENCHES.map(({ name }) => name).join(", ")}`);
    return 2;
  }
  const machine = machineFacts();
  console.error(
    `on ${machine.processor}, ${machine.processors} processors, ${machine.kvm}, Deno ${machine.deno}`,
  );
  const results: Results[] = [];
  for (const { name, title, run } of BENCHES) {
    if (names.length > 0 && !names.includes(name)) continue;
    const figures = await run((text) => console.error(`${name}: ${text}`));
    results.push({ bench: name, title, figures });
  }
  const json = args["json"] as string | undefined;
  const text = JSON.stringify(report(results, machine), null, 2);
  if (json === "-") console.log(text);
  else console.log(table(results));
  if (json !== undefined && json !== "-") await Deno.writeTextFile(json, `${text}\n`);
  return 0;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
