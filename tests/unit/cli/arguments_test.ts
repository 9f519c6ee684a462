import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { parseArguments } from "../../../src/cli/arguments.ts";
import type { Option } from "../../../src/cli/option.ts";
import { UserError } from "../../../src/errors.ts";

const OPTIONS: readonly Option[] = [
  { name: "memory", short: "m", value: "SIZE", help: "RAM", defaultText: "256M" },
  { name: "cmdline", alias: "append", value: "TEXT", help: "Command line" },
  { name: "serial", value: "TARGET", repeatable: true, help: "Ports" },
  { name: "dry-run", help: "Start nothing" },
];
const SETTINGS = { command: "denovisor run", maxOperands: 1 };

function parse(...words: string[]) {
  return parseArguments(words, OPTIONS, SETTINGS);
}

Deno.test("arguments: every spelling of a value", () => {
  for (const words of [["--memory", "1G"], ["--memory=1G"], ["-m", "1G"], ["-m=1G"]]) {
    assertEquals(parse(...words).value("memory"), "1G", words.join(" "));
  }
  assertEquals(parse("--append", "a b=c --d").value("cmdline"), "a b=c --d");
  assertEquals(parse("--cmdline=root=/dev/vda rw").value("cmdline"), "root=/dev/vda rw");
});

Deno.test("arguments: values that a loose parser would change stay texts", () => {
  for (const value of ["", "-1", "007", "0x10", "1e3", "true", "no-such", "a\nb", "--", "__proto__"]) {
    if (value !== "--") assertEquals(parse("--cmdline", value).value("cmdline"), value);
    assertEquals(parse(`--cmdline=${value}`).value("cmdline"), value);
  }
  assertEquals(parse("007").operands, ["007"]);
  assertEquals(parse("-").operands, ["-"]);
});

Deno.test("arguments: switches, repeated flags, and what was not given", () => {
  const args = parse("--dry-run", "kernel", "--serial", "stdio", "--serial=null", "--dry-run");
  assertEquals(args.has("dry-run"), true);
  assertEquals(args.all("serial"), ["stdio", "null"]);
  assertEquals(args.operands, ["kernel"]);
  assertEquals([args.has("memory"), args.value("memory"), args.all("memory")], [false, undefined, []]);
});

Deno.test("arguments: a switch does not take the word behind it", () => {
  const args = parse("--dry-run", "true");
  assertEquals([args.has("dry-run"), args.operands], [true, ["true"]]);
});

Deno.test("arguments: behind -- everything is an operand", () => {
  assertEquals(parse("--", "--memory").operands, ["--memory"]);
});

Deno.test("arguments: a command that passes words on looks for flags only before the first one", () => {
  const passing = (...words: string[]) =>
    parseArguments(words, OPTIONS, { command: "denovisor lab", passesOn: true });
  for (const words of [["-m", "1G", "ls", "-m", "--help"], ["-m", "1G", "--", "ls", "-m", "--help"]]) {
    const args = passing(...words);
    assertEquals(args.operands, ["ls", "-m", "--help"]);
    assertEquals(args.value("memory"), "1G");
  }
});

Deno.test("arguments: each mistake is one UserError that names the flag", () => {
  const mistakes: readonly (readonly [words: string[], message: RegExp, hint: RegExp])[] = [
    [["--memory"], /^--memory needs a value$/, /--memory SIZE, for example --memory 256M/],
    [["-m"], /^-m needs a value$/, /-m SIZE/],
    [["--memory", "--dry-run"], /^--memory needs a value$/, /--memory SIZE/],
    [["--memory", "--serial=null"], /^--memory needs a value$/, /--memory SIZE/],
    [["--memory", "--", "x"], /^--memory needs a value$/, /--memory SIZE/],
    [["--dry-run=yes"], /^--dry-run takes no value, but was given "yes"$/, /alone/],
    [["--dry-run=true"], /^--dry-run takes no value/, /alone/],
    [["--memory", "1G", "-m", "2G"], /^--memory was given 2 times$/, /1G and 2G/],
    [["--memroy", "1G"], /^unknown flag --memroy$/, /Did you mean --memory\?/],
    [["--apend=x"], /^unknown flag --apend$/, /Did you mean --append\?/],
    [["--zzz"], /^unknown flag --zzz$/, /--help lists/],
    [["-x"], /^unknown flag -x$/, /--help lists/],
    [["-1"], /^unknown flag -1$/, /--help lists/],
    [["--no-dry-run"], /^unknown flag --no-dry-run$/, /./],
    [["--serial.0=null"], /^unknown flag --serial\.0$/, /Did you mean --serial\?/],
    [["a", "b"], /^"b" is one word too many$/, /denovisor run --help/],
  ];
  for (const [words, message, hint] of mistakes) {
    const error = assertThrows(() => parse(...words), UserError);
    assertMatch(error.message, message, words.join(" "));
    assertMatch(error.hint ?? "", hint, words.join(" "));
  }
});
