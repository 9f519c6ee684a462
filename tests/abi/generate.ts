/**
 * `deno task abi`: asks the C compiler for the layout of everything in `ffi/` and writes it to `golden.json`.
 * Arguments go to the compiler: `deno task abi -I /path/to/newer/headers`.
 *
 * @module
 */

import { cProgram } from "./c_program.ts";
import { compileAndRun } from "./compiler.ts";
import { compare, type Golden, GOLDEN_FILE } from "./golden.ts";
import { takeInventory } from "./inventory.ts";

if (import.meta.main) {
  const inventory = await takeInventory();
  const text = compileAndRun(cProgram(inventory), Deno.args);
  const golden: Golden = JSON.parse(text);
  Deno.writeTextFileSync(GOLDEN_FILE, text);
  const { constants, structs } = golden;
  console.log(
    `${Object.keys(constants).length} constants and ${
      Object.keys(structs).length
    } structs of Linux ${golden.linux}`,
  );
  const differences = compare(inventory, golden);
  for (const difference of differences) console.error(difference);
  if (differences.length > 0) Deno.exit(1);
}
