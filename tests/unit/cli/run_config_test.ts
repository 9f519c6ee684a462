import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { parseArguments } from "../../../src/cli/arguments.ts";
import { run } from "../../../src/cli/commands/run.ts";
import { RunRequest } from "../../../src/cli/run_config.ts";
import { configFlags } from "../../../src/cli/run_flags.ts";
import { checkConfig } from "../../../src/config/check.ts";
import { MachineSchema } from "../../../src/config/schema.ts";
import { UserError } from "../../../src/errors.ts";

const FLAGS = configFlags();

async function request(...words: string[]): Promise<RunRequest> {
  return await RunRequest.read(
    parseArguments(words, run.options, { command: "denovisor run", maxOperands: 1 }),
    FLAGS,
  );
}

async function withFile<T>(text: string, use: (path: string) => Promise<T>): Promise<T> {
  const path = await Deno.makeTempFile({ suffix: ".json" });
  try {
    await Deno.writeTextFile(path, text);
    return await use(path);
  } finally {
    await Deno.remove(path);
  }
}

/** The error for a command line, in the words that a user sees. */
async function complaint(...words: string[]): Promise<string> {
  const asked = await request(...words);
  try {
    checkConfig(asked.config());
  } catch (error) {
    const told = await asked.inUsersWords(error);
    assertInstanceOf(told, UserError);
    return told.message;
  }
  throw new Error(`no complaint about ${words.join(" ")}`);
}

Deno.test("run: each setting of the schema is a flag, with the schema's words", () => {
  assertEquals(FLAGS.map(({ key }) => key as string), Object.keys(MachineSchema.shape));
  for (const { key, option } of FLAGS) {
    assert(option.help.length > 0, key);
    if (key !== "serial") assertEquals(option.help, MachineSchema.shape[key].description);
  }
  const names = FLAGS.map(({ option }) => option.name);
  assert(["memory", "cpus", "serial", "module", "debug-exit"].every((name) => names.includes(name)));
  assertEquals(FLAGS.find(({ key }) => key === "protocol")?.option.choices?.includes("pvh"), true);
  assertEquals(FLAGS.find(({ key }) => key === "memory")?.option.defaultText, "256M");
});

Deno.test("run: flags make a configuration that the schema accepts", async () => {
  const config = (await request(
    "vmlinuz",
    ...["--append", "console=ttyS0 -x", "-m", "1G", "-c", "4", "--debug-exit", "--protocol", "pvh"],
    ...["--module", "a.bin one two", "--module=b.bin", "--serial", "null", "--serial=file:/tmp/x y"],
    ...["--trace", "exits"],
  )).config();
  assertEquals(config, {
    kernel: "vmlinuz",
    cmdline: "console=ttyS0 -x",
    memory: "1G",
    cpus: 4,
    debugExit: true,
    protocol: "pvh",
    modules: [{ path: "a.bin", cmdline: "one two" }, { path: "b.bin" }],
    serial: ["null", "file:/tmp/x y"],
    trace: ["exits"],
  });
  assertEquals(checkConfig(config).memory, 2 ** 30);
});

Deno.test("run: COM1 is the terminal unless told otherwise", async () => {
  assertEquals((await request()).config().serial, ["stream"]);
  assertEquals((await request("--serial", "null", "--serial", "stdio")).config().serial, ["null", "stream"]);
});

Deno.test("run: flags override the file, and the file's stdio is the terminal too", async () => {
  await withFile('{"memory": "64M", "cpus": 3, "serial": ["stdio", "pty"]}', async (path) => {
    const config = (await request("--config", path, "--cpus", "2")).config();
    assertEquals(config, { memory: "64M", cpus: 2, serial: ["stream", "pty"] });
  });
});

Deno.test("run: a wrong value is told with its flag, or with the file and the setting", async () => {
  for (const value of ["-1", "0", "lots", "1K", ""]) {
    assert((await complaint("--memory", value)).startsWith(`--memory: ${JSON.stringify(value)} is `), value);
  }
  for (const value of ["0", "-1", "10000"]) {
    assert((await complaint("--cpus", value)).startsWith(`--cpus: ${value} is too `), value);
  }
  for (const value of ["two", "1.5", "", "1e3", "0x2"]) {
    assertEquals(await complaint("--cpus", value), `--cpus: ${JSON.stringify(value)} is no whole number`);
  }
  assert((await complaint("--serial", "com")).startsWith('--serial: "com" must be'));
  assert((await complaint("--serial", "stream")).startsWith('--serial: "stream" is for programs'));
  assert((await complaint("--serial", "stdio", "--serial", "stdio")).includes("cannot share"));
  assert((await complaint("--kernel", "a", "b")).includes("given twice"));
  await withFile('{"memory": "lots", "serial": 5}', async (path) => {
    assert((await complaint("--config", path)).startsWith(`${path}: `));
    assert((await complaint("--config", path, "--serial", "null")).startsWith(`${path}: memory: "lots" is`));
    assert((await complaint("--config", path, "--serial", "null", "-m", "1K")).startsWith("--memory: "));
  });
  await withFile('{"memry": "1G"}', async (path) => {
    assert((await complaint("--config", path)).startsWith(`${path}: memry: `));
  });
});

Deno.test("run: a configuration file that is not there, or no JSON, is one clear error", async () => {
  const gone = await assertRejects(() => request("--config", "/nonexistent/x.json"), UserError);
  assert(gone.message.startsWith("--config: cannot read /nonexistent/x.json"));
  await withFile('{\n  "memory": }\n', async (path) => {
    const error = await assertRejects(() => request("--config", path), UserError);
    assert(error.message.startsWith(`${path}:`), error.message);
  });
});
