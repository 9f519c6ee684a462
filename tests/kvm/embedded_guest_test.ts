import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Vm } from "../../mod.ts";

/** Runs the embedded guest to its end; types a line at each prompt as long as there are lines. */
async function session(
  config: Parameters<typeof Vm.start>[0],
  lines: readonly string[] = [],
): Promise<{ output: string; reason: string }> {
  await using vm = await Vm.start({ memory: "16M", ...config });
  const writer = vm.console.writable.getWriter();
  const left = [...lines];
  let output = "";
  let seen = 0; // prompts
  for await (const bytes of vm.console.readable) {
    output += new TextDecoder().decode(bytes);
    const prompts = output.split("\n> ").length - 1;
    for (; seen < prompts && left.length > 0; seen++) {
      await writer.write(new TextEncoder().encode(`${left.shift()}\r`));
    }
  }
  return { output, reason: (await vm.wait()).reason };
}

Deno.test("embedded guest: reports what it finds and powers off", async () => {
  const { output, reason } = await session({ cmdline: "poweroff and more" });
  assertEquals(reason, "poweroff");
  assertMatch(output, /^Denovisor embedded guest\r\n/);
  assertMatch(output, /processor: +.*(AuthenticAMD|GenuineIntel)/);
  assertMatch(output, /000000100000-000000ffffff usable 15360 KiB/);
  assertStringIncludes(output, "command line: poweroff and more\r\n");
  assertStringIncludes(output, "1 of 1 vCPUs online");
});

Deno.test("embedded guest: its user mode runs natively, whatever its kernel mode does", async () => {
  const { output } = await session({ cmdline: "poweroff" });
  assertMatch(output, /clock: +[1-9][0-9]* MHz/);
  assertMatch(output, /user mode: +[0-9]+\.[0-9] million instructions\/s, native/);
  assertMatch(output, /kernel mode: +[0-9]+\.[0-9] million instructions\/s, (native|interpreted)/);
});

for (const cpus of [2, 32]) {
  Deno.test(`embedded guest: starts all of ${cpus} vCPUs`, async () => {
    const { output, reason } = await session({ cpus, cmdline: "poweroff" });
    assertStringIncludes(output, `${cpus} of ${cpus} vCPUs online`);
    assertEquals(reason, "poweroff");
  });
}

Deno.test("embedded guest: echoes lines, edits them, and knows its commands", async () => {
  const { output, reason } = await session({ cmdline: "quiet" }, [
    "hello",
    "cpuzz\x08\x7fs",
    "help",
    "cpusss\x7f\x7f",
    "x".repeat(300),
    "poweroff",
  ]);
  assertEquals(reason, "poweroff");
  assert(!output.includes("memory map"), "quiet leaves the report out");
  assertStringIncludes(output, "> hello\r\nyou typed: hello\r\n");
  assertStringIncludes(output, "poweroff  or exit");
  assertEquals(output.split("1 of 1 vCPUs online").length, 3, "both ways of correcting a line");
  assertStringIncludes(output, `you typed: ${"x".repeat(120)}\r\n`);
});

for (
  const [command, expected] of [["reboot", "reset"], ["panic", "panic"], ["exit", "poweroff"]] as const
) {
  Deno.test(`embedded guest: ${command} ends it with ${expected}, typed or on its command line`, async () => {
    assertEquals((await session({ cmdline: `quiet ${command}` })).reason, expected);
    assertEquals((await session({ cmdline: "quiet" }, [command])).reason, expected);
  });
}

Deno.test("embedded guest: exit=N reaches the debug exit port", async () => {
  await using vm = await Vm.start({ memory: "16M", cmdline: "quiet exit=21", debugExit: true });
  assertEquals(await vm.wait(), { reason: "debug-exit", code: 21 << 1 | 1 });
});
