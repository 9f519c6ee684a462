import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { PollSet } from "../../../ffi/poll.ts";
import { listenUnix } from "../../../ffi/socket.ts";
import { SocketEnd } from "../../../src/backends/socket_target.ts";
import { SerialPorts } from "../../../src/console/serial_ports.ts";
import { UserError } from "../../../src/errors.ts";
import { type FakeGuest, longText, PortsRig, readUntil, temporaryFolder, until } from "./rig.ts";

const connect = (path: string) => Deno.connect({ transport: "unix", path });
const text = (value: string) => new TextEncoder().encode(value);

/** Tells what is waited for. */
class RecordingSet extends PollSet {
  fds: number[] = [];

  override clear(): void {
    super.clear();
    this.fds = [];
  }

  override add(fd: number, events: number): void {
    super.add(fd, events);
    this.fds.push(fd);
  }
}

/** Waits until the I/O worker has taken the client: what is printed before goes nowhere. */
async function joined(client: Deno.UnixConn, guest: FakeGuest): Promise<void> {
  await client.write(text("!"));
  await guest.reads("!");
}

Deno.test("serial socket: a client reads and types, in any order", async () => {
  using folder = temporaryFolder();
  const path = `${folder.path}/socket`;
  await using rig = await PortsRig.open(["null", `unix:${path}`]);
  assertEquals(rig.ports.list[1], { name: "COM2", target: `unix:${path}`, path });
  assertEquals(Deno.lstatSync(path).mode! & 0o777, 0o600);
  const guest = rig.guest(1);
  using client = await connect(path);
  await joined(client, guest);
  for (const word of ["one", "two", "three"]) {
    await client.write(text(word));
    await guest.reads(word);
    await guest.print(word.toUpperCase());
    assertEquals(await readUntil(client, (seen) => seen.length >= word.length), word.toUpperCase());
  }
});

Deno.test("serial socket: without a client output is dropped, and the path goes with the machine", async () => {
  using folder = temporaryFolder();
  const path = `${folder.path}/socket`;
  await using rig = await PortsRig.open([`unix:${path}`]);
  await rig.guest().print(longText(200_000));
  await rig.close();
  assertEquals([...Deno.readDirSync(folder.path)], []);
  assertEquals(rig.logged, []);
});

Deno.test("serial socket: a client that does not read makes the guest wait, and loses nothing", async () => {
  using folder = temporaryFolder();
  const path = `${folder.path}/socket`, output = longText(2_000_000);
  await using rig = await PortsRig.open([`unix:${path}`]);
  const guest = rig.guest();
  using client = await connect(path);
  await joined(client, guest);
  let printed = false;
  const printing = guest.print(output).then(() => void (printed = true));
  await until(() => !guest.ready, "the guest waits");
  assertEquals(printed, false);
  const [received] = await Promise.all([readUntil(client, (seen) => seen.length >= output.length), printing]);
  assertEquals(received === output, true);
});

Deno.test("serial socket: what the guest printed last reaches the client after the machine's end", async () => {
  using folder = temporaryFolder();
  const path = `${folder.path}/socket`, output = longText(30_000);
  await using rig = await PortsRig.open([`unix:${path}`]);
  const guest = rig.guest();
  using client = await connect(path);
  await joined(client, guest);
  await client.write(text(longText(20_000)));
  await guest.print(output);
  await rig.close();
  assertEquals(await readUntil(client, () => false) === output, true);
});

Deno.test("serial socket: input waits until the guest takes it", async () => {
  using folder = temporaryFolder();
  const path = `${folder.path}/socket`, input = longText(60_000);
  await using rig = await PortsRig.open([`unix:${path}`]);
  const guest = rig.guest();
  using client = await connect(path);
  const typing = (async () => {
    for (let done = 0; done < input.length;) done += await client.write(text(input.slice(done)));
  })();
  await guest.reads(input);
  await typing;
});

Deno.test("serial socket: one client at a time; the next one comes when it has gone", async () => {
  using folder = temporaryFolder();
  const path = `${folder.path}/socket`;
  await using rig = await PortsRig.open([`unix:${path}`]);
  const guest = rig.guest();
  const first = await connect(path);
  await joined(first, guest);
  using second = await connect(path);
  assertEquals(await readUntil(second, () => false), "");
  await guest.print("for the first");
  assertEquals(await readUntil(first, (seen) => seen.length >= 13), "for the first");
  first.close();
  using third = await connect(path);
  await joined(third, guest);
  await guest.print("for the third");
  assertEquals(await readUntil(third, (seen) => seen.length >= 13), "for the third");
});

Deno.test("serial socket: a client that left with input unread by the guest makes room for the next", async () => {
  using folder = temporaryFolder();
  const path = `${folder.path}/socket`;
  await using rig = await PortsRig.open([`unix:${path}`]);
  const guest = rig.guest();
  const first = await connect(path);
  await joined(first, guest);
  await first.write(text("x".repeat(20_000))); // more than the port's queue
  first.close();
  using second = await connect(path);
  let seen = "";
  readUntil(second, (text) => (seen = text).includes("hello"));
  // Until the second is taken, output goes nowhere.
  await until(async () => {
    await guest.print("hello");
    return seen.includes("hello");
  }, "the second client reads");
});

Deno.test("serial socket: a client that ended its own direction still reads", async () => {
  using folder = temporaryFolder();
  const path = `${folder.path}/socket`;
  await using rig = await PortsRig.open([`unix:${path}`]);
  const guest = rig.guest();
  using client = await connect(path);
  await client.write(text("last input"));
  await client.closeWrite();
  await guest.reads("last input");
  await guest.print("answer");
  assertEquals(await readUntil(client, (seen) => seen.length >= 6), "answer");
});

Deno.test("serial socket: a client that ended both directions, one by one, is let go", async () => {
  using folder = temporaryFolder();
  const path = `${folder.path}/socket`;
  using listener = listenUnix(path);
  using end = new SocketEnd(listener.number);
  const set = new RecordingSet(), into = new Uint8Array(100);
  let received = "";
  const turn = () => {
    set.clear();
    set.atMost(0);
    end.watch(set, false, true);
    set.wait();
    end.attend(set);
    received += new TextDecoder().decode(into.subarray(0, end.read(into)));
  };
  const client = await connect(path);
  await client.write(text("bye"));
  await client.closeWrite();
  await until(() => (turn(), received === "bye"), "its input is read");
  turn();
  assertEquals(set.fds.length, 2);
  client.close();
  await until(() => (turn(), set.fds.length === 1), "it is waited for no more");
  assertEquals(set.fds, [listener.number]);
});

Deno.test("serial socket: a client that leaves in the middle of output costs nothing but that", async () => {
  using folder = temporaryFolder();
  const path = `${folder.path}/socket`;
  await using rig = await PortsRig.open([`unix:${path}`]);
  const guest = rig.guest();
  const client = await connect(path);
  await joined(client, guest);
  const printing = guest.print(longText(2_000_000));
  await until(() => !guest.ready, "the guest waits");
  client.close();
  await printing;
  assertEquals(rig.logged, []);
});

Deno.test("serial socket: a path that exists, is too long or has no directory is refused", async () => {
  using folder = temporaryFolder();
  const refusal = async (path: string) => {
    const serial = [`unix:${path}`];
    return (await assertRejects(() => SerialPorts.open({ serial }, new URL("none:")), UserError)).message;
  };
  const path = `${folder.path}/socket`;
  Deno.writeTextFileSync(path, "precious");
  assertEquals(await refusal(path), `serial.0: ${path} exists already`);
  assertEquals(Deno.readTextFileSync(path), "precious");
  assertMatch(await refusal(`${folder.path}/no/socket`), /there is no directory .*\/no$/);
  assertMatch(await refusal(`/tmp/${"x".repeat(103)}`), /at most 107 bytes, this one 108$/);
  await assertRejects(() => connect(path));
});
