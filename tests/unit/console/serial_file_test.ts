import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { FileEnd } from "../../../src/backends/file_target.ts";
import { O_WRONLY, OwnedFd } from "../../../ffi/fd.ts";
import { SerialPorts } from "../../../src/console/serial_ports.ts";
import { UserError } from "../../../src/errors.ts";
import { longText, PortsRig, temporaryFolder, until } from "./rig.ts";

const NO_WORKER = new URL("none:");

function refusal(...targets: string[]): Promise<UserError> {
  return assertRejects(() => SerialPorts.open({ serial: targets }, NO_WORKER), UserError);
}

Deno.test("serial file: holds every byte in order, and stays", async () => {
  using folder = temporaryFolder();
  const path = `${folder.path}/log`, text = longText(200_000);
  {
    await using rig = await PortsRig.open([`file:${path}`]);
    await rig.guest().print(text);
    await rig.close();
    assertEquals(rig.logged, []);
  }
  assertEquals(Deno.readTextFileSync(path), text);
  assertEquals(Deno.statSync(path).mode! & 0o777, 0o600);
});

Deno.test("serial file: two ports have their own, and what is printed at the debug port goes to COM1's", async () => {
  using folder = temporaryFolder();
  const paths = [`${folder.path}/com1`, `${folder.path}/com2`] as const;
  await using rig = await PortsRig.open(paths.map((path) => `file:${path}`), { debugConsole: true });
  await rig.guest(0).print("one");
  await rig.guest(1).print("two");
  await until(() => Deno.statSync(paths[0]).size === 3, "the first port's output is there");
  for (const byte of new TextEncoder().encode(" debug")) rig.machine.ports.write(0xe9, 1, byte);
  await rig.close();
  assertEquals(paths.map((path) => Deno.readTextFileSync(path)), ["one debug", "two"]);
});

Deno.test("serial file: output reaches the file while the guest runs", async () => {
  using folder = temporaryFolder();
  const path = `${folder.path}/log`;
  await using rig = await PortsRig.open([`file:${path}`]);
  const guest = rig.guest();
  for (const expected of ["a", "ab", "abc"]) {
    await guest.print(expected.slice(-1));
    await until(() => Deno.readTextFileSync(path) === expected, `the file holds ${expected}`);
  }
});

Deno.test("serial file: nothing is overwritten, and the error says what to do", async () => {
  using folder = temporaryFolder();
  const path = `${folder.path}/log`;
  Deno.writeTextFileSync(path, "precious");
  const exists = await refusal(`file:${path}`);
  assertEquals(exists.message, `serial.0: ${path} exists already`);
  assertEquals(exists.field, "serial.0");
  assertMatch(exists.hint!, /remove it, or name another/);
  assertEquals(Deno.readTextFileSync(path), "precious");
  assertEquals(
    (await refusal("null", `file:${folder.path}/no/log`)).message,
    `serial.1: cannot create ${folder.path}/no/log: there is no directory ${folder.path}/no`,
  );
  assertMatch((await refusal(`file:${path}/log`)).message, /is no directory$/);
  assertMatch((await refusal("file:/proc/log")).message, /cannot create \/proc\/log: /);
  assertMatch((await refusal(`file:${folder.path}/a\0b`)).message, /NUL/);
});

Deno.test("serial file: a refused start leaves nothing behind", async () => {
  using folder = temporaryFolder();
  const path = `${folder.path}/log`;
  const twice = await refusal(`file:${path}`, `unix:${folder.path}/socket`, "pty", `file:${path}`);
  assertEquals(twice.message, `serial.3: ${path} exists already`);
  assertEquals([...Deno.readDirSync(folder.path)], []);
});

Deno.test("serial file: machine after machine, no eventfd is left open", async () => {
  using folder = temporaryFolder();
  const eventFds = () =>
    [...Deno.readDirSync("/proc/self/fd")].filter(({ name }) => {
      try {
        return Deno.readLinkSync(`/proc/self/fd/${name}`) === "anon_inode:[eventfd]";
      } catch {
        return false; // closed since it was listed
      }
    }).length;
  const run = async (name: string) => {
    await using rig = await PortsRig.open([`file:${folder.path}/${name}`]);
    await rig.guest().print(name);
  };
  await run("first");
  const before = eventFds(); // with some of Deno's own, which it closes in its own time
  for (let i = 0; i < 8; i++) await run(`${i}`);
  await until(() => eventFds() <= before, "they are closed");
});

Deno.test("serial file: a full disk costs output and one message, never the guest", () => {
  using full = OwnedFd.open("/dev/full", O_WRONLY);
  const logged: string[] = [];
  const end = new FileEnd(full.number, "COM1", (level, text) => void logged.push(`${level} ${text}`));
  for (let i = 0; i < 3; i++) assertEquals(end.write(new Uint8Array(100)), 100);
  assertEquals(logged.length, 1);
  assertMatch(logged[0]!, /^error COM1: .*ENOSPC/);
});

Deno.test("serial file: where the I/O worker fails, that is said, and the guest runs on", async () => {
  using folder = temporaryFolder();
  const ioWorker = new URL("data:text/javascript,onmessage = () => { throw new Error('defect'); };");
  await using rig = await PortsRig.open([`file:${folder.path}/log`], { ioWorker });
  await rig.guest().print(longText(100_000));
  await rig.close();
  assertEquals(rig.logged.length, 1);
  assertMatch(rig.logged[0]!, /I\/O worker failed.*defect/);
  assert(Deno.statSync(`${folder.path}/log`).size === 0);
});
