import { assertEquals, assertRejects } from "@std/assert";
import { converse, type SessionOptions } from "../../../src/lab/session.ts";
import { FakeMachine } from "./fake_machine.ts";

/** A stream that remembers what was written to it. */
function collector(): { stream: WritableStream<Uint8Array>; text: () => string } {
  const chunks: Uint8Array[] = [];
  const stream = new WritableStream<Uint8Array>({
    write(chunk) {
      chunks.push(chunk);
    },
  });
  return { stream, text: () => chunks.map((chunk) => new TextDecoder("latin1").decode(chunk)).join("") };
}

function options(more: Partial<SessionOptions> = {}): SessionOptions {
  return {
    interactive: false,
    timeLimit: undefined,
    stdin: undefined,
    stdout: collector().stream,
    stderr: collector().stream,
    ...more,
  };
}

Deno.test("lab/session: output goes to its own stream, and the status is the command's", async () => {
  using machine = await FakeMachine.create();
  const [out, err] = [collector(), collector()];
  const status = converse(machine, options({ stdout: out.stream, stderr: err.stream }));
  await machine.say("control", "rea");
  await machine.say("control", "dy\n");
  await machine.say("stdout", "to out\n");
  await machine.say("stderr", "to err\n");
  await machine.say("control", "exit 3\n");
  machine.powerOff();
  assertEquals([await status, out.text(), err.text()], [3, "to out\n", "to err\n"]);
  assertEquals([machine.startedCalls, machine.killed], [1, false]);
});

Deno.test("lab/session: a machine that ends without a status is a failure, in its own words if it said any", async () => {
  {
    using machine = await FakeMachine.create();
    const status = converse(machine, options());
    machine.powerOff();
    await assertRejects(() => status, Error, "ended before the command did");
  }
  {
    using machine = await FakeMachine.create();
    const status = converse(machine, options());
    await machine.say("control", "failed no overlay\n");
    machine.powerOff();
    await assertRejects(() => status, Error, "no overlay");
  }
});

Deno.test("lab/session: standard input arrives whole, and so does its end", async () => {
  using machine = await FakeMachine.create();
  const input = new Uint8Array(300_000).map((_, index) => index % 251);
  const status = converse(machine, options({ stdin: new Blob([input]).stream() }));
  const received = new Uint8Array(await new Response(machine.far("stdin").readable).arrayBuffer());
  assertEquals(received, input);
  await machine.say("control", "exit 0\n");
  machine.powerOff();
  assertEquals(await status, 0);
});

Deno.test("lab/session: when time is up the machine is killed, and that is a failure", async () => {
  using machine = await FakeMachine.create();
  await assertRejects(() => converse(machine, options({ timeLimit: 0.01 })), Error, "time limit of 0.01 s");
  assertEquals(machine.killed, true);
});

Deno.test("lab/session: a signal kills the machine and gives the status that a shell would", async () => {
  using machine = await FakeMachine.create();
  const status = converse(machine, options());
  Deno.kill(Deno.pid, "SIGHUP");
  assertEquals([await status, machine.killed], [129, true]);
});

Deno.test("lab/session: when nobody reads the output any more, the command ends as by SIGPIPE", async () => {
  using machine = await FakeMachine.create();
  const stdout = new WritableStream<Uint8Array>({
    write() {
      throw new Deno.errors.BrokenPipe();
    },
  });
  const status = converse(machine, options({ stdout }));
  await machine.say("stdout", "y\n");
  assertEquals([await status, machine.killed], [141, true]);
});
