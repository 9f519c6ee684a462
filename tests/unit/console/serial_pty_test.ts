import { assert, assertEquals, assertMatch } from "@std/assert";
import { O_NOCTTY, O_NONBLOCK, O_RDWR, OwnedFd } from "../../../ffi/fd.ts";
import { libc } from "../../../ffi/libc.ts";
import { openPty, unreadBytes } from "../../../ffi/pty.ts";
import { PtyEnd } from "../../../src/backends/pty_target.ts";
import { longText, PortsRig, until } from "./rig.ts";

/** A terminal program's end. */
class Terminal implements Disposable {
  readonly #fd: OwnedFd;
  readonly #buffer = new Uint8Array(64 * 1024);

  constructor(path: string) {
    this.#fd = OwnedFd.open(path, O_RDWR | O_NOCTTY | O_NONBLOCK);
  }

  type(text: string): void {
    const bytes = new TextEncoder().encode(text);
    assertEquals(libc().write(this.#fd.number, bytes, BigInt(bytes.length)), bytes.length);
  }

  /** What is there now. */
  read(): string {
    const count = libc().read(this.#fd.number, this.#buffer, BigInt(this.#buffer.length));
    return count > 0 ? new TextDecoder().decode(this.#buffer.subarray(0, count)) : "";
  }

  async readUntil(enough: (text: string) => boolean): Promise<string> {
    let seen = "";
    await until(() => enough(seen += this.read()), "the terminal shows what was printed");
    return seen;
  }

  [Symbol.dispose](): void {
    this.#fd[Symbol.dispose]();
  }
}

Deno.test("serial pty: its path is told, and bytes pass as they are in both directions", async () => {
  await using rig = await PortsRig.open(["pty"]);
  const [port] = rig.ports.list;
  assertMatch(port!.path!, /^\/dev\/pts\/\d+$/);
  const guest = rig.guest();
  using terminal = new Terminal(port!.path!);
  const raw = "a\rb\nc\x03\x04\x1a\x7f\x11\x13~";
  terminal.type(raw);
  await guest.reads(raw);
  await guest.print(raw);
  assertEquals(await terminal.readUntil((seen) => seen.length >= raw.length), raw);
});

Deno.test("serial pty: a reader gets everything, at its own speed", async () => {
  await using rig = await PortsRig.open(["pty"]);
  using terminal = new Terminal(rig.ports.list[0]!.path!);
  const output = longText(150_000);
  const [, received] = await Promise.all([
    rig.guest().print(output),
    terminal.readUntil((seen) => seen.length >= output.length),
  ]);
  assertEquals(received === output, true);
});

Deno.test("serial pty: without a reader the guest runs on; who comes later sees the newest output", async () => {
  await using rig = await PortsRig.open(["pty"]);
  const guest = rig.guest();
  await guest.print(longText(300_000));
  using terminal = new Terminal(rig.ports.list[0]!.path!);
  await guest.print("the end");
  const seen = await terminal.readUntil((text) => text.endsWith("the end"));
  assert(seen.length < 64 * 1024, `${seen.length} bytes were kept`);
});

Deno.test("serial pty: what the guest printed last reaches a reader before the terminal closes", async () => {
  await using rig = await PortsRig.open(["pty"]);
  using terminal = new Terminal(rig.ports.list[0]!.path!);
  const output = longText(30_000); // more than a terminal holds
  await rig.guest().print(output);
  const [received] = await Promise.all([
    terminal.readUntil((seen) => seen.length >= output.length),
    rig.close(),
  ]);
  assertEquals(received === output, true);
  assertEquals(rig.logged, []);
});

Deno.test("serial pty: it waits for a slow reader, and gives up on one that is not there", async () => {
  using pty = openPty();
  let now = 0;
  const end = new PtyEnd(pty.master.number, pty.slave.number, () => now);
  const line = new TextEncoder().encode("0123456789abcdef".repeat(64));
  const fill = () => {
    while (end.write(line) > 0);
  };
  // The kernel passes bytes on to the slave in its own time: it is full when the slave is.
  await until(() => (fill(), unreadBytes(pty.slave.number) === 4095), "the terminal is full");
  fill();
  assertEquals(end.write(line), 0);
  now = 199; // from here on its patience is at an end
  assertEquals(end.write(line) === 0 && unreadBytes(pty.slave.number) > 0, true);
  now = 200;
  fill();
  assertEquals(end.unread, 0, "nobody reads, so nothing is waited for");
  now = 202;
  assert(end.write(line) > 0, "its patience is shorter now");
});
