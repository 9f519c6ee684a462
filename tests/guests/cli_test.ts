import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { BASE_WORDS, testImage } from "../support/guest_images.ts";

const CLI = new URL("../../cli.ts", import.meta.url).pathname;

/** Runs the command as a user's shell does, with the standard input that it is given. */
async function denovisor(
  args: readonly string[],
  input = "",
): Promise<{ code: number; out: string; err: string }> {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", CLI, ...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1" },
    signal: AbortSignal.timeout(150_000),
  });
  await using child = command.spawn();
  const output = child.output();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  const { code, stdout, stderr } = await output;
  return { code, out: new TextDecoder().decode(stdout), err: new TextDecoder().decode(stderr) };
}

function run(words: readonly string[], ...more: string[]): string[] {
  const cmdline = [...BASE_WORDS, ...words].join(" ");
  return [
    "run",
    testImage("VMLINUX"),
    "--initrd",
    testImage("INITRD"),
    "--cmdline",
    cmdline,
    "-m",
    "512M",
    ...more,
  ];
}

Deno.test("cli: the demo without a terminal runs its script in a stock kernel, and exits with 0", async () => {
  const { code, out, err } = await denovisor(["demo", "--cpus", "2"]);
  assertEquals(code, 0, err);
  assertMatch(out, /^Linux denovisor \d+\.\d+\S* .* x86_64 GNU\/Linux\r?$/m);
  assertMatch(out, /^CPUs: 2\r?$/m);
  assertMatch(out, /^memory: 4\d\d MiB\r?$/m);
  assertMatch(out, /load average/);
});

Deno.test("cli: input from a pipe reaches the guest, poweroff exits with 0", async () => {
  const { code, out, err } = await denovisor(
    run(["denovisor.report", "denovisor.echo", "denovisor.poweroff"], "--cpus", "2", "--json"),
    "first line\nquit\n",
  );
  assertEquals(code, 0, err);
  assertStringIncludes(out, "denovisor: cpus 2\r\n");
  assertStringIncludes(out, "denovisor: echo first line\r\n");
  assertEquals(JSON.parse(err.trim().split("\n").at(-1)!), { outcome: { reason: "poweroff", exitCode: 0 } });
});

for (
  const [word, status, sentence] of [
    ["denovisor.reboot", 10, "the guest rebooted"],
    ["denovisor.panic", 11, "the guest panicked"],
    ["denovisor.triplefault", 12, "the guest triple-faulted"],
  ] as const
) {
  Deno.test(`cli: ${word} exits with ${status}`, async () => {
    const { code, out, err } = await denovisor(run([word]));
    assertEquals(code, status, err);
    assertStringIncludes(err, `${sentence} (exit code ${status})`);
    assert(out.includes("user space reached"));
  });
}
