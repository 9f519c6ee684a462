/**
 * The ACPI Component Architecture's own tools as judges of what the project encodes (Debian: acpica-tools).
 *
 * @module
 */

/** True where the ASL compiler and disassembler is installed. */
export const hasIasl: boolean = isThere("iasl", "-v");
/** True where the AML interpreter is installed. */
export const hasAcpiexec: boolean = isThere("acpiexec", "-v");

function isThere(program: string, flag: string): boolean {
  try {
    return new Deno.Command(program, { args: [flag] }).outputSync().success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Runs a tool in a directory; all that it says, and an error if it fails. */
async function run(program: string, args: readonly string[], cwd: string): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args: [...args], cwd }).output();
  const said = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  if (!success) throw new Error(`${program} ${args.join(" ")} failed:\n${said}`);
  return said;
}

/** What iasl made of a table. */
export interface RoundTrip {
  /** The ASL text, or the field list of a data table. */
  readonly source: string;
  /** The summary of recompiling it, such as "Compilation successful. 0 Errors, 0 Warnings, 0 Remarks". */
  readonly summary: string;
  /** The table that it compiles to. */
  readonly bytes: Uint8Array;
  /** Lines of either run that complain. */
  readonly complaints: readonly string[];
}

/** Disassembles a table by iasl and compiles the result, without optimisation: equal bytes mean equal meaning. */
export async function roundTrip(table: Uint8Array): Promise<RoundTrip> {
  const directory = await Deno.makeTempDir({ prefix: "denovisor-iasl-" });
  try {
    await Deno.writeFile(`${directory}/table.dat`, table);
    // -dl: plain ASL operators, each of which compiles to its own opcode. -oa: no optimisations.
    const disassembled = await run("iasl", ["-dl", "table.dat"], directory);
    const source = await Deno.readTextFile(`${directory}/table.dsl`);
    const compiled = await run("iasl", ["-oa", "-p", "again", "table.dsl"], directory);
    const complains = /warning|error|remark|invalid|unknown|unexpected|\*\*\*/i;
    const summary = /^Compilation .*$/m.exec(compiled)?.[0] ?? compiled;
    return {
      source,
      summary,
      bytes: await Deno.readFile(`${directory}/again.aml`),
      complaints: `${disassembled}\n${source}\n${compiled}`.split("\n")
        .filter((line) => complains.test(line) && line !== summary),
    };
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** A table without the header fields that a recompiled one has of its own: checksum and compiler. */
export function withoutCompiler(table: Uint8Array): Uint8Array {
  const copy = table.slice();
  copy[9] = 0;
  return copy.fill(0, 28, 36);
}

/** Evaluates objects of a table by ACPICA's interpreter; all that it says. */
async function execute(table: Uint8Array, expressions: readonly string[]): Promise<string> {
  const directory = await Deno.makeTempDir({ prefix: "denovisor-acpiexec-" });
  try {
    await Deno.writeFile(`${directory}/table.aml`, table);
    const batch = expressions.map((expression) => `execute ${expression}`).join("; ");
    return await run("acpiexec", ["-b", batch, "table.aml"], directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** Evaluates objects of a table; each result as it prints it, in one line. */
export async function evaluate(table: Uint8Array, expressions: readonly string[]): Promise<string[]> {
  const said = await execute(table, expressions);
  // Each evaluation ends with its value, in lines of "[Type] …".
  return said.split(/^Evaluating /m).slice(1).map((part) =>
    [...part.matchAll(/^ *(\[\w+\].*)$/gm)].map((line) => line[1]!.trim()).join(" ")
  );
}

/** Evaluates an object of a table; the notifications that devices got by it, as "name value". */
export async function notifications(table: Uint8Array, expression: string): Promise<string[]> {
  const said = await execute(table, [expression]);
  return [...said.matchAll(/Notify on \[(\w+)\] \w+ Value 0x(\w+)/g)].map((line) => `${line[1]} ${line[2]}`);
}
