/**
 * `denovisor run` as a process, with the embedded guest.
 *
 * @module
 */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { fromFileUrl } from "@std/path";

const CLI = fromFileUrl(new URL("../../cli.ts", import.meta.url));
const RUN = ["run", "-A", CLI, "run", "-m", "16M"];
const PROMPT = "\n> ";

/** A child process whose output is read as it comes. */
class Session implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #output: AsyncIterator<string>;
  readonly #errors: Promise<string>;
  text = "";
  #seen = 0;

  constructor(program: string, args: readonly string[], env: Record<string, string> = {}) {
    this.#child = new Deno.Command(program, {
      args: [...args],
      env,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#writer = this.#child.stdin.getWriter();
    const decoder = new TextDecoderStream() as TransformStream<Uint8Array, string>;
    this.#output = this.#child.stdout.pipeThrough(decoder)[Symbol.asyncIterator]();
    this.#errors = new Response(this.#child.stderr).text();
  }

  /** Reads until some words came, after those waited for before; fails if the output ends first. */
  async until(words: string): Promise<void> {
    let at: number;
    while ((at = this.text.indexOf(words, this.#seen)) < 0) {
      if (!await this.#read()) throw new Error(`${JSON.stringify(words)} did not come: ${this.text}`);
    }
    this.#seen = at + words.length;
  }

  async #read(): Promise<boolean> {
    const { done, value } = await this.#output.next();
    if (!done) this.text += value;
    return !done;
  }

  async type(text: string): Promise<void> {
    await this.#writer.write(new TextEncoder().encode(text));
  }

  kill(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** Nobody reads the output any more. */
  async hangUp(): Promise<void> {
    await this.#output.return?.();
  }

  /** Reads to the end. */
  async end(): Promise<{ code: number; stderr: string }> {
    while (await this.#read());
    const [{ code }, stderr] = await Promise.all([this.#child.status, this.#errors]);
    return { code, stderr };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer.close().catch(() => {}); // it may have gone first
    await this.#output.return?.();
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // it has ended
    }
    await Promise.all([this.#child.status, this.#errors]);
  }
}

/** Types a line at the embedded guest's prompt and returns how it ended. */
async function answer(line: string, ...flags: string[]): Promise<{ code: number; stderr: string }> {
  await using session = new Session(Deno.execPath(), [...RUN, ...flags]);
  await session.until(PROMPT);
  await session.type(`${line}\r`);
  return await session.end();
}

Deno.test("cli: the exit code tells how the guest ended, and standard error says it in words", async () => {
  assertEquals(await answer("poweroff"), { code: 0, stderr: "" });
  assertEquals(await answer("reboot"), {
    code: 10,
    stderr: "denovisor: the guest rebooted (exit code 10)\n",
  });
  assertEquals((await answer("panic")).code, 11);
  assertEquals((await answer("exit=21", "--debug-exit")).code, 43);
});

Deno.test("cli: with --json the outcome is one line of JSON on standard error", async () => {
  const { code, stderr } = await answer("reboot", "--json");
  assertEquals([code, JSON.parse(stderr)], [10, { outcome: { reason: "reset", exitCode: 10 } }]);
});

Deno.test("cli: what is piped in reaches the guest, and its end does not end the guest", async () => {
  await using session = new Session(Deno.execPath(), RUN);
  await session.type("info\rpower"); // before the guest runs
  await session.until("> power");
  await session.type("off\r");
  assertEquals((await session.end()).code, 0);
  assertEquals(session.text.split("1 of 1 vCPUs online").length, 3);
});

Deno.test("cli: a signal ends the guest, even a busy one, and gives 128 and its number", async () => {
  for (const [signal, code] of [["SIGTERM", 143], ["SIGINT", 130], ["SIGHUP", 129]] as const) {
    await using session = new Session(Deno.execPath(), RUN);
    await session.until(PROMPT);
    await session.type("hang\r");
    await session.until("spinning in kernel mode");
    session.kill(signal);
    assertEquals(await session.end(), { code, stderr: "" });
  }
});

Deno.test("cli: a guest whose output nobody reads any more ends, as by SIGPIPE", async () => {
  await using session = new Session(Deno.execPath(), RUN);
  await session.until(PROMPT);
  await session.hangUp();
  await session.type("info\r");
  assertEquals((await session.end()).code, 141);
});

Deno.test("cli: on a terminal keys go to the guest at once, Ctrl-A x ends it, and the terminal is restored", async () => {
  const command = `'${Deno.execPath()}' ${RUN.map((word) => `'${word}'`).join(" ")}; echo code $?; stty -a`;
  // script(1), of util-linux, gives the command a terminal.
  await using session = new Session("script", ["-qec", command, "/dev/null"], {
    SHELL: "/bin/sh",
    TERM: "dumb",
  });
  await session.until(PROMPT);
  await session.type("\x03\x01h");
  await session.until("this help\r\n");
  await session.type("\x01ppaused\x01");
  await session.until("Ctrl-A p resumes it\r\n");
  await session.type("p\x7f\x7f\x7f\x7f\x7f\x7fhang\r");
  await session.until("spinning in kernel mode");
  await session.type("\x01x");
  await session.end();
  assertStringIncludes(session.text, "Ctrl-A x ends the guest, Ctrl-A h helps");
  assertMatch(session.text, /denovisor: the guest was ended\r\ncode 0\r\n/);
  assertMatch(session.text, / icanon/);
  assertMatch(session.text, / echo /);
});

Deno.test("cli: --trace exits writes to standard error and leaves standard output alone", async () => {
  const { code, stderr } = await answer("poweroff", "--trace", "exits");
  assertEquals(code, 0);
  assertMatch(stderr, /^vcpu0 out port 0x3f8, 1 B ← 0x44$/m); // the D of its first word
});
