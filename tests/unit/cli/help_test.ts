import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { twoColumns, wrap } from "../../../src/cli/columns.ts";
import { COMMANDS } from "../../../src/cli/commands.ts";
import { commandHelp, overview } from "../../../src/cli/help.ts";
import { allCommands, optionsOf } from "../../../src/cli/command.ts";
import { COLOURED, PLAIN } from "../../../src/cli/style.ts";

const commands = await allCommands(COMMANDS);

Deno.test("help: every command loads under its name and is in the overview", () => {
  assertEquals(commands.map(({ name }) => name), [...COMMANDS.names]);
  const text = overview(commands, { width: 80, style: PLAIN });
  for (const { name, summary } of commands) {
    assert(new RegExp(`^  ${name}\\b`, "m").test(text), name);
    assertStringIncludes(text.replaceAll(/\s+/g, " "), summary);
  }
});

Deno.test("help: a command's page has all its flags, and examples before them", () => {
  for (const command of commands) {
    const text = commandHelp(command, { width: 80, style: PLAIN });
    for (const { name, value } of optionsOf(command)) {
      assertStringIncludes(text, value === undefined ? `--${name}` : `--${name} ${value}`);
    }
    assert(text.indexOf("\nExamples\n") < text.indexOf("  -h, --help"), command.name);
  }
});

Deno.test("help: lines fit the terminal, except command lines, which are not broken", () => {
  for (const width of [50, 80, 100]) {
    const pages = [
      overview(commands, { width, style: PLAIN }),
      ...commands.map((command) => commandHelp(command, { width, style: PLAIN })),
    ];
    for (const line of pages.flatMap((page) => page.split("\n"))) {
      assert(line.length <= width || /^ {2}(denovisor|deno) /.test(line), `${width}: ${line}`);
      assertEquals(line, line.trimEnd());
    }
  }
});

Deno.test("help: colours change nothing but the looks", () => {
  const [command] = commands;
  const coloured = commandHelp(command!, { width: 80, style: COLOURED });
  // deno-lint-ignore no-control-regex
  const bare = coloured.replaceAll(/\x1b\[\d+m/g, "");
  assert(bare !== coloured);
  assertEquals(bare, commandHelp(command!, { width: 80, style: PLAIN }));
});

Deno.test("help: wrapping keeps all words in order, within the width", () => {
  const word = fc.stringMatching(/^[a-z]{1,12}$/);
  fc.assert(
    fc.property(fc.array(word, { minLength: 1 }), fc.integer({ min: 12, max: 60 }), (words, width) => {
      const lines = wrap(words.join(" "), width);
      assertEquals(lines.join(" ").split(" "), words);
      assert(lines.every((line) => line.length <= width));
    }),
  );
});

Deno.test("help: second columns are aligned; a long first column has a line of its own", () => {
  const text = twoColumns([["a", "one two"], ["bcd", "three"], ["x".repeat(60), "four"]], { width: 40 });
  assertEquals(text, `  a    one two\n  bcd  three\n  ${"x".repeat(60)}\n       four\n`);
});
