import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { attend, type AttendedGuest, type AttendOptions } from "../../../src/cli/terminal/attend.ts";
import { GuestError } from "../../../src/errors.ts";
import type { Outcome } from "../../../src/outcome.ts";

/** A machine that only has a console and an end. */
class FakeGuest implements AttendedGuest {
  state: "running" | "paused" | "stopped" = "running";
  readonly calls: string[] = [];
  readonly received: number[] = [];
  readonly ended = Promise.withResolvers<Outcome>();
  #output!: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>;
  readonly #heard = { text: "", waiting: [] as (() => void)[] };
  readonly serial = [{
    name: "COM1",
    target: "stream",
    console: {
      readable: new ReadableStream<Uint8Array<ArrayBuffer>>({
        start: (output) => void (this.#output = output),
      }),
      writable: new WritableStream<Uint8Array>({
        write: (bytes) => {
          this.received.push(...bytes);
          this.#heard.text += new TextDecoder().decode(bytes);
          for (const wake of this.#heard.waiting.splice(0)) wake();
        },
      }),
    },
  }];

  print(text: string): void {
    this.#output.enqueue(new TextEncoder().encode(text) as Uint8Array<ArrayBuffer>);
  }

  async hears(text: string): Promise<void> {
    while (!this.#heard.text.includes(text)) {
      await new Promise<void>((resolve) => this.#heard.waiting.push(resolve));
    }
  }

  end(outcome: Outcome): void {
    if (this.state === "stopped") return;
    this.state = "stopped";
    this.#close();
    this.ended.resolve(outcome);
  }

  fail(error: Error): void {
    this.#close();
    this.ended.reject(error);
  }

  #close(): void {
    try {
      this.#output.close();
    } catch {
      // cancelled by its reader before
    }
  }

  wait = () => this.ended.promise;
  stop = () => {
    this.calls.push("stop");
    this.end({ reason: "stopped" });
    return Promise.resolve();
  };
  pause = () => {
    this.calls.push("pause");
    this.state = "paused";
    return Promise.resolve();
  };
  resume = () => {
    this.calls.push("resume");
    this.state = "running";
  };
  powerButton = () => void this.calls.push("power button");
  ctrlAltDel = () => void this.calls.push("ctrl-alt-del");
}

/** This process's side, played. */
class FakeHost {
  readonly written: number[] = [];
  readonly modes: boolean[] = [];
  told = "";
  broken = false;
  signal = Promise.withResolvers<number>();
  input!: ReadableStreamDefaultController<Uint8Array>;
  readonly options: AttendOptions;

  constructor(terminal: boolean, extra: Partial<AttendOptions> = {}) {
    this.options = {
      signal: this.signal.promise,
      streams: {
        stdin: {
          readable: new ReadableStream<Uint8Array>({ start: (input) => void (this.input = input) }),
          isTerminal: () => terminal,
          setRaw: (raw) => void this.modes.push(raw),
        },
        stdout: {
          // One byte at a time at most: short writes are legal.
          write: (bytes) => {
            if (this.broken) return Promise.reject(new Deno.errors.BrokenPipe("broken"));
            this.written.push(bytes[0]!);
            return Promise.resolve(1);
          },
        },
        tell: (text) => void (this.told += text),
      },
      ...extra,
    };
  }

  type(text: string): void {
    this.input.enqueue(new TextEncoder().encode(text));
  }

  get text(): string {
    return new TextDecoder().decode(Uint8Array.from(this.written));
  }
}

Deno.test("attend: bytes pass both ways, the last output is written, and the terminal is restored", async () => {
  const guest = new FakeGuest();
  const host = new FakeHost(true);
  const end = attend(guest, host.options);
  assertEquals(host.modes, [true]);
  guest.print("\x1b[31mlogin: \x00\xff");
  host.type("root\x03\x1a\r");
  await guest.hears("\r");
  assertEquals(guest.received, [...new TextEncoder().encode("root\x03\x1a\r")]);
  guest.print("bye\r\n");
  guest.end({ reason: "poweroff" });
  assertEquals(await end, { outcome: { reason: "poweroff" } });
  assertEquals(host.text, "\x1b[31mlogin: \x00\xffbye\r\n");
  assertEquals(host.modes, [true, false]);
});

Deno.test("attend: the terminal is restored when the guest cannot go on", async () => {
  const guest = new FakeGuest();
  const host = new FakeHost(true);
  const end = attend(guest, host.options);
  guest.print("oops");
  guest.fail(new GuestError("the guest cannot go on"));
  await assertRejects(() => end, GuestError, "cannot go on");
  assertEquals(host.modes, [true, false]);
  assertEquals(host.text, "oops");
});

Deno.test("attend: keys after Ctrl-A reach the machine, not the guest", async () => {
  const guest = new FakeGuest();
  let trace = true;
  const host = new FakeHost(true, { toggleTrace: () => trace = !trace });
  const end = attend(guest, host.options);
  host.type("a\x01pb\x01");
  host.type("pc\x01b\x01c\x01t\x01h\x01q\x01\x01d\x01x");
  assertEquals(await end, { outcome: { reason: "stopped" } });
  assertEquals(guest.calls, ["pause", "resume", "power button", "ctrl-alt-del", "stop"]);
  assertEquals(trace, false);
  for (
    const words of ["paused", "runs on", "power button", "Ctrl-Alt-Del", "trace off", "Keys after Ctrl-A"]
  ) {
    assertStringIncludes(host.told, words);
  }
  await guest.hears("d");
  assertEquals(new TextDecoder().decode(Uint8Array.from(guest.received)), "abc\x01d");
});

Deno.test("attend: a pipe's bytes go in after the guest's first word, Ctrl-A too; their end is not the guest's", async () => {
  const guest = new FakeGuest();
  const host = new FakeHost(false);
  const end = attend(guest, host.options);
  host.type("one\x01x");
  host.input.close();
  assertEquals(guest.received, []);
  guest.print("> ");
  await guest.hears("one\x01x");
  assertEquals([guest.state, host.modes], ["running", []]);
  guest.end({ reason: "reset" });
  assertEquals(await end, { outcome: { reason: "reset" } });
});

Deno.test("attend: a terminal is left alone until the first word where that is asked for", async () => {
  const guest = new FakeGuest();
  let spoke = 0;
  const host = new FakeHost(true, { onFirstOutput: () => spoke++ });
  const end = attend(guest, host.options);
  assertEquals(host.modes, []);
  guest.print("a");
  guest.print("b");
  host.type("x");
  await guest.hears("x");
  assertEquals([spoke, host.modes], [1, [true]]);
  guest.end({ reason: "poweroff" });
  await end;
});

Deno.test("attend: a signal ends the guest and is told; so does a closed standard output", async () => {
  const guest = new FakeGuest();
  const host = new FakeHost(true);
  const end = attend(guest, host.options);
  host.signal.resolve(15);
  assertEquals(await end, { signal: 15 });
  assertEquals([guest.calls, host.modes], [["stop"], [true, false]]);

  const piped = new FakeGuest();
  const pipe = new FakeHost(false);
  pipe.broken = true;
  const broken = attend(piped, pipe.options);
  piped.print("x");
  assertEquals(await broken, { signal: 13 });
  assertEquals(piped.calls, ["stop"]);
});

Deno.test("attend: a machine without a console on standard streams leaves the terminal alone", async () => {
  const guest = new FakeGuest();
  const host = new FakeHost(true);
  const end = attend(Object.assign(guest, { serial: [{ name: "COM1", target: "null" }] }), host.options);
  guest.end({ reason: "panic" });
  assertEquals(await end, { outcome: { reason: "panic" } });
  assert(host.modes.length === 0);
});
