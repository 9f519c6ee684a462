import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { UserError, Vm } from "../../mod.ts";
import { PREFIX, readUntil, temporaryFolder } from "../unit/console/rig.ts";

/** What a machine with such targets opens, as this process has it open; Deno's own fds come and go as it likes. */
function openFiles(): string[] {
  const sockets = Deno.readTextFileSync("/proc/net/unix").split("\n").filter((line) => line.includes(PREFIX));
  return [...Deno.readDirSync("/proc/self/fd")].flatMap(({ name }) => {
    try {
      const target = Deno.readLinkSync(`/proc/self/fd/${name}`);
      return /^(anon_inode:kvm|\/memfd:denovisor|\/dev\/(kvm|ptmx|pts))/.test(target) ||
          target.includes(PREFIX)
        ? [target]
        : [];
    } catch {
      return []; // closed since it was listed
    }
  }).sort().concat(sockets);
}

const text = (value: string) => new TextEncoder().encode(value);
const prompts = (output: string) => output.split("\r\n> ").length - 1;

Deno.test("serial targets: a file holds all that the guest printed, and nothing else stays", async () => {
  using folder = temporaryFolder();
  const path = `${folder.path}/log`;
  const before = openFiles();
  await using vm = await Vm.start({ memory: "16M", cmdline: "poweroff", serial: [`file:${path}`] });
  assertEquals(vm.serial, [{ name: "COM1", target: `file:${path}` }]);
  assertEquals(await vm.wait(), { reason: "poweroff" });
  const output = Deno.readTextFileSync(path);
  assertMatch(output, /^Denovisor embedded guest\r\n/);
  assertMatch(output, /kernel mode: .*\r\n$/);
  assertEquals(openFiles(), before);
});

Deno.test("serial targets: a client of the socket talks to the guest", async () => {
  using folder = temporaryFolder();
  const path = `${folder.path}/socket`;
  await using vm = await Vm.start({ memory: "16M", cmdline: "quiet", serial: [`unix:${path}`] });
  assertEquals(vm.serial[0]?.path, path);
  using client = await Deno.connect({ transport: "unix", path });
  await client.write(text("\rhelp\r")); // the first prompt may have been there before the client
  const help = await readUntil(client, (seen) => /hang .*\r\n> $/s.test(seen));
  assertStringIncludes(help, "poweroff  or exit: power off by ACPI\r\n");
  await client.write(text("poweroff\r"));
  assertMatch(await readUntil(client, () => false), /^poweroff\r\n/);
  assertEquals(await vm.wait(), { reason: "poweroff" });
  assertEquals([...Deno.readDirSync(folder.path)], []);
});

Deno.test("serial targets: a terminal program on the pseudo-terminal talks to the guest", async () => {
  const before = openFiles();
  await using vm = await Vm.start({ memory: "16M", cmdline: "quiet", serial: ["pty"] });
  {
    using terminal = await Deno.open(vm.serial[0]!.path!, { read: true, write: true });
    let output = await readUntil(terminal, (seen) => prompts(`\r\n${seen}`) === 1);
    await terminal.write(text("hello\r"));
    output += await readUntil(terminal, (seen) => prompts(seen) === 1);
    assertStringIncludes(output, "> hello\r\nyou typed: hello\r\n> ");
    await terminal.write(text("poweroff\r"));
    assertMatch(await readUntil(terminal, (seen) => seen.endsWith("poweroff\r\n")), /^poweroff\r\n/);
  }
  assertEquals(await vm.wait(), { reason: "poweroff" });
  assertEquals(openFiles(), before);
});

Deno.test("serial targets: the debug port's output goes to COM1's file", async () => {
  using folder = temporaryFolder();
  const kernel = `${folder.path}/debug.bin`, path = `${folder.path}/log`;
  // mov al, 'D'; out 0xe9, al; mov dx, 0x3f8; mov al, 'S'; out dx, al; mov al, 0; out 0xf4, al; hlt
  const code = [0xb0, 0x44, 0xe6, 0xe9, 0xba, 0xf8, 0x03, 0xb0, 0x53, 0xee, 0xb0, 0x00, 0xe6, 0xf4, 0xf4];
  Deno.writeFileSync(kernel, new Uint8Array(code));
  await using vm = await Vm.start({
    kernel,
    protocol: "flat",
    memory: "16M",
    debugConsole: true,
    debugExit: true,
    serial: [`file:${path}`],
  });
  assertEquals((await vm.wait()).reason, "debug-exit");
  assertEquals([...Deno.readTextFileSync(path)].sort(), ["D", "S"]);
});

Deno.test("serial targets: a start that fails later removes what it had created", async () => {
  using folder = temporaryFolder();
  const before = openFiles();
  const serial = [`file:${folder.path}/log`, `unix:${folder.path}/socket`, "pty"];
  const cmdline = "x".repeat(100_000); // found too long when the machine is there
  await assertRejects(() => Vm.start({ memory: "16M", cmdline, serial }), UserError, "command line");
  assertEquals([...Deno.readDirSync(folder.path)], []);
  assertEquals(openFiles(), before);
});

Deno.test("serial targets: a machine whose output nobody takes stops at once all the same", async () => {
  using folder = temporaryFolder();
  const path = `${folder.path}/socket`;
  await using vm = await Vm.start({ memory: "16M", cmdline: "hang", serial: [`unix:${path}`, "pty"] });
  using _client = await Deno.connect({ transport: "unix", path });
  await vm.stop();
  assertEquals([vm.state, (await vm.wait()).reason], ["stopped", "stopped"]);
  assert(![...Deno.readDirSync(folder.path)].some(({ name }) => name === "socket"));
});
