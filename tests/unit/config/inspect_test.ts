import { assertEquals, assertRejects } from "@std/assert";
import { UserError } from "../../../src/errors.ts";
import { describeMachine } from "../../../src/inspect_config.ts";

Deno.test("config: a dry run tells what would start, the embedded guest where no kernel is named", async () => {
  const summary = await describeMachine({ memory: "5G", cpus: 3 });
  assertEquals(summary.kernel.protocol, "pvh");
  assertEquals(summary.memory, "5 GiB");
  assertEquals(summary.ram, ["0-bfffffff", "100000000-17fffffff"]);
  assertEquals(summary.config.cpus, 3);
});

Deno.test("config: a dry run refuses what a start would", async () => {
  await assertRejects(
    () => Promise.resolve().then(() => describeMachine({ kernel: "/no/such/file" })),
    UserError,
  );
});
