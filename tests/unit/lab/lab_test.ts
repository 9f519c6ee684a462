import { assertRejects } from "@std/assert";
import { UserError } from "../../../src/errors.ts";
import { type LabOptions, runInLab } from "../../../src/lab/lab.ts";

Deno.test("lab: options that make no sense are refused before anything is fetched or started", async () => {
  const refused: [Partial<LabOptions>, string][] = [
    [{ command: [] }, "command"],
    [{ cpus: 0 }, "cpus"],
    [{ cpus: 1.5 }, "cpus"],
    [{ cpus: 65 }, "cpus"],
    [{ memoryMiB: 511 }, "memoryMiB"],
    [{ memoryMiB: NaN }, "memoryMiB"],
    [{ timeLimit: 0 }, "timeLimit"],
    [{ timeLimit: 3_000_000 }, "timeLimit"],
    [{ cwd: "relative" }, "cwd"],
  ];
  for (const [options, field] of refused) {
    await assertRejects(() => runInLab({ command: ["true"], ...options }), UserError, field);
  }
});
