import { assert, assertEquals } from "@std/assert";
import { COMMANDS } from "../../../src/cli/commands.ts";
import { completionScript, SHELLS } from "../../../src/cli/completions/script.ts";
import { allCommands, optionsOf } from "../../../src/cli/command.ts";

const commands = await allCommands(COMMANDS);

Deno.test("completions: every shell's script mentions each command and each flag", () => {
  for (const shell of SHELLS) {
    const script = completionScript(shell, commands);
    for (const command of commands) {
      assert(new RegExp(`\\b${command.name}\\b`).test(script), `${shell}: ${command.name}`);
      for (const { name } of optionsOf(command)) {
        const spelling = shell === "fish" ? `-l ${name} ` : `--${name}`;
        assert(script.includes(spelling), `${shell}: ${command.name} --${name}`);
      }
    }
  }
});

/** What bash offers for a line with the cursor at its end. */
async function bash(...words: string[]): Promise<string[]> {
  const quoted = ["denovisor", ...words].map((word) => `'${word}'`).join(" ");
  const script = `${completionScript("bash", commands)}
COMP_WORDS=(${quoted}); COMP_CWORD=${words.length}; _denovisor; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = await new Deno.Command("bash", { args: ["--norc", "-c", script] }).output();
  assertEquals(new TextDecoder().decode(stderr).replaceAll(/.*compopt: not currently.*\n/g, ""), "");
  return new TextDecoder().decode(stdout).trim().split("\n");
}

Deno.test("completions: bash offers commands, flags, and the values of flags", async () => {
  assertEquals(await bash("dem"), ["demo"]);
  assertEquals(await bash("run", "--mem"), ["--memory"]);
  assertEquals(await bash("run", "--protocol", "p"), ["pvh"]);
  assertEquals(await bash("completions", "f"), ["fish"]);
  assertEquals(await bash("help", "do"), ["doctor"]);
  assertEquals(await bash("run", "deno.j"), ["deno.json"]);
});

Deno.test("completions: zsh and fish accept their scripts where they are installed", async () => {
  for (const shell of ["zsh", "fish"] as const) {
    const file = await Deno.makeTempFile();
    try {
      await Deno.writeTextFile(file, completionScript(shell, commands));
      const { success, stderr } = await new Deno.Command(shell, { args: ["-n", file] }).output();
      assert(success, new TextDecoder().decode(stderr));
    } catch (error) {
      // Not here: its words have been checked above.
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    } finally {
      await Deno.remove(file);
    }
  }
});
