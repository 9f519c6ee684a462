import { assert, assertEquals, assertMatch } from "@std/assert";
import { fromFileUrl } from "@std/path";
import project from "../../../deno.json" with { type: "json" };

const CLI = fromFileUrl(new URL("../../../cli.ts", import.meta.url));

interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command as a user does. */
async function denovisor(
  words: string[],
  permissions = ["-A"],
  env: Record<string, string> = {},
): Promise<Result> {
  const child = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--quiet", ...permissions, CLI, ...words],
    stdin: "null",
    env,
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code: child.code, stdout: text(child.stdout), stderr: text(child.stderr) };
}

Deno.test("command line: version, for people and programs", async () => {
  const [person, program] = await Promise.all([denovisor(["--version"]), denovisor(["version", "--json"])]);
  assertEquals([person.code, program.code], [0, 0]);
  assert(person.stdout.startsWith(`denovisor ${project.version} (deno `));
  assertEquals(JSON.parse(program.stdout).denovisor, project.version);
});

Deno.test("command line: help goes to standard output; without a command to standard error, with exit code 2", async () => {
  const [asked, none, command] = await Promise.all([
    denovisor(["--help"]),
    denovisor([]),
    denovisor(["run", "--memory", "--help"]),
  ]);
  assertEquals([asked.code, asked.stderr, none.code, none.stdout], [0, "", 2, ""]);
  assertEquals(none.stderr, asked.stdout);
  assert(!asked.stdout.includes("\x1b"), "colours without a terminal");
  assertEquals(command.code, 0);
  assert(command.stdout.includes("--memory SIZE"));
});

Deno.test("command line: each mistake is one line and a hint, exit code 2, and nothing on standard output", async () => {
  const mistakes: readonly (readonly [string[], RegExp])[] = [
    [["rnu"], /^denovisor: unknown command "rnu"\nDid you mean "run"\?\n$/],
    [
      ["./vmlinuz"],
      /^denovisor: unknown command "\.\/vmlinuz"\nTo boot a kernel: denovisor run \.\/vmlinuz\n$/,
    ],
    [["--memory", "1G"], /^denovisor: --memory comes before any command\n/],
    [["run", "--memroy", "1G"], /^denovisor: unknown flag --memroy\nDid you mean --memory\?\n$/],
    [["run", "--memory", "-1"], /^denovisor: --memory: "-1" is no amount of memory[^\n]*\n([^\n]+\n)?$/],
    [["run", "--cpus", "10000"], /^denovisor: --cpus: 10000 is too many[^\n]*\n([^\n]+\n)?$/],
    [["run", "/nonexistent/kernel"], /^denovisor: [^\n]*\/nonexistent\/kernel[^\n]*\n/],
    [["run", "--log-level", "loud"], /^denovisor: --log-level: "loud" must be one of [^\n]*\n([^\n]+\n)?$/],
    [["lab"], /^denovisor: the lab needs a command to run\n/],
    [["lab", "--cpus", "0", "true"], /^denovisor: --cpus must be a whole number from 1[^\n]*\n([^\n]+\n)?$/],
    [["lab", "--memory", "lots", "true"], /^denovisor: --memory: "lots" is no amount[^\n]*\n/],
    [["demo", "--memory", "1K"], /^denovisor: --memory: "1K" is too little[^\n]*\n([^\n]+\n)?$/],
    [["completions", "bsh"], /^denovisor: completions: unknown shell "bsh"\nDid you mean "bash"\?\n$/],
    [["help", "rnu"], /^denovisor: unknown command "rnu"\n/],
    [["doctor", "now"], /^denovisor: "now" is one word too many\n/],
  ];
  for (const [words, message] of mistakes) {
    const { code, stdout, stderr } = await denovisor(words);
    assertMatch(stderr, message);
    assertEquals([code, stdout], [2, ""], words.join(" "));
  }
});

Deno.test("command line: --json makes an error one line of JSON", async () => {
  const { code, stderr } = await denovisor(["run", "--json", "--memory", "lots"]);
  const { error } = JSON.parse(stderr);
  assertEquals([code, error.kind, error.field, error.exitCode], [2, "usage", "memory", 2]);
  assert(error.message.startsWith('--memory: "lots" is'));
});

Deno.test("command line: without --allow-ffi it says what to type", async () => {
  const { code, stderr } = await denovisor(["run"], ["--allow-read"]);
  assertEquals(code, 2);
  assertMatch(stderr, /^denovisor: Deno may not call the C library[^\n]*\n[^\n]*--allow-ffi[^\n]*\n$/);
});

Deno.test("command line: stack traces only for who asks for them", async () => {
  const { stderr } = await denovisor(["rnu"], ["-A"], { DENOVISOR_DEBUG: "1" });
  assertMatch(stderr, /\n {4}at /);
});

Deno.test("command line: the logger's levels", async () => {
  const { code, stderr } = await denovisor(["run", "--log-level", "debug", "/nonexistent/kernel"]);
  assertEquals([code, stderr.startsWith("denovisor: ")], [2, true]);
});
