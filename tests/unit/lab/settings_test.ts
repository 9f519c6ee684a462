import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { UserError } from "../../../src/errors.ts";
import { commandScript, settingsScript, shellQuote } from "../../../src/lab/settings.ts";

/** Text without NUL and lone surrogates, which no argument can hold. */
const word = fc.string({ unit: "grapheme", maxLength: 12 }).filter((text) => !text.includes("\0"));
const nasty = fc.stringMatching(/^[ '"$`\\\n*;&|<>(){}!#~-]{0,12}$/);

async function sh(script: string): Promise<string> {
  const { stdout } = await new Deno.Command("sh", { args: ["-c", script], env: { LC_ALL: "C" } }).output();
  return new TextDecoder().decode(stdout);
}

Deno.test("lab/settings: a shell reads back any words as they were", async () => {
  const lists = fc.array(fc.oneof(word, nasty), { minLength: 1, maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(lists, async (words) => {
      assertEquals(
        await sh(`printf '%s\\0' ${words.map(shellQuote).join(" ")}`),
        words.map((w) => `${w}\0`).join(""),
      );
    }),
    { numRuns: 20 },
  );
});

Deno.test("lab/settings: an argument with a NUL is refused", () => {
  assertThrows(() => shellQuote("a\0b"), UserError, "NUL");
});

Deno.test("lab/settings: the command gets its directory, its environment and nothing else", async () => {
  const env = { "odd.name-": "it's\ntwo lines", EMPTY: "", OLDPWD: "/gone" };
  const run = (command: string[], shared: boolean) =>
    sh(commandScript(command, "/usr", env, shared).replace("/run/lab/busybox env", "env"));
  assertEquals(await run(["/bin/pwd"], false), "/usr\n");
  const variables = async (shared: boolean) => (await run(["env", "-0"], shared)).split("\0").sort();
  const always = ["", "DENOVISOR_LAB=1", "EMPTY=", "odd.name-=it's\ntwo lines"];
  assertEquals(await variables(false), always);
  assertEquals(await variables(true), always.toSpliced(2, 0, "DENOVISOR_LAB_OUT=/run/lab/out"));
});

Deno.test("lab/settings: a directory that is not there ends the lab's own way", async () => {
  const script = commandScript(["true"], "/nonexistent", {}, false);
  assertEquals(await sh(`( ${script} ) 2>/dev/null; echo $?`), "125\n");
});

Deno.test("lab/settings: switches are set or empty shell variables", async () => {
  const all = settingsScript({ terminal: { rows: 30, columns: 100 }, stdin: true, shared: true });
  const none = settingsScript({ stdin: false, shared: false });
  const show = '\necho "<$terminal,$rows,$columns,$stdin,$shared>"';
  assertEquals([await sh(all + show), await sh(none + show)], ["<1,30,100,1,1>\n", "<,,,,>\n"]);
});
