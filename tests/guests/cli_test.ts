import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { ConsoleText } from "../support/console_text.ts";
import { BASE_WORDS, testImage } from "../support/guest_images.ts";

const DEADLINE_MS = 150_000;
const CLI = new URL("../../cli.ts", import.meta.url).pathname;

/** Runs the command as a user's shell does, talks to its guest, and collects how it ended. */
async function denovisor(
  args: readonly string[],
  talk?: (console: ConsoleText) => Promise<void>,
): Promise<{ code: number; out: string; err: string }> {
  await using child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", CLI, ...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1" },
    signal: AbortSignal.timeout(DEADLINE_MS),
  }).spawn();
  const console = new ConsoleText({ readable: child.stdout, writable: child.stdin });
  const err = new Response(child.stderr).text();
  await talk?.(console);
  await console.close();
  const { code } = await child.status;
  await console.end();
  return { code, out: console.text, err: await err };
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
  assertMatch(out, /^Linux denovisor \d+\.\d+\S* .* x86_64 GNU\/Linux$/m);
  assertMatch(out, /^CPUs: 2$/m);
  assertMatch(out, /^memory: 4\d\d MiB$/m);
  assertMatch(out, /load average/);
});

Deno.test("cli: piped input reaches the guest, poweroff exits with 0", async () => {
  const { code, out, err } = await denovisor(
    run(["denovisor.report", "denovisor.echo", "denovisor.poweroff"], "--cpus", "2", "--json"),
    async (console) => {
      // A serial line has no memory: what is typed before the guest listens is lost, as on hardware.
      await console.find(/denovisor: echo ready/, 120);
      await console.type("first line\nquit\n");
    },
  );
  assertEquals(code, 0, err);
  assertStringIncludes(out, "denovisor: cpus 2\n");
  assertStringIncludes(out, "denovisor: echo first line\n");
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
