import { assert, assertEquals } from "@std/assert";
import { charDevice } from "../../../src/console/char_device.ts";
import { StreamConsole } from "../../../src/console/stream_console.ts";
import { FakeGuest, longText, machineOf, until } from "./rig.ts";

function rig() {
  const { machine } = machineOf([{ unplugged: false }], true);
  const line = machine.serial[0]!;
  const console = new StreamConsole(line.link, charDevice(line), machine.debugConsole);
  return { machine, console, guest: new FakeGuest(machine) };
}

async function readAll(stream: ReadableStream<Uint8Array>, slowly = false): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const bytes of stream) {
    text += decoder.decode(bytes, { stream: true });
    if (slowly) await new Promise((resolve) => setTimeout(resolve, 0));
  }
  return text;
}

Deno.test("stream console: a reader gets everything, the last output included", async () => {
  const { console, guest } = rig();
  const text = longText(200_000), reading = readAll(console.readable);
  await guest.print(text);
  console.close();
  assertEquals(await reading === text, true);
});

Deno.test("stream console: a slow reader makes the guest wait and nothing else", async () => {
  const { console, guest } = rig();
  const text = longText(500_000), reader = console.readable.getReader();
  const first = await Promise.all([reader.read(), guest.print(text.slice(0, 10))]);
  const printing = guest.print(text.slice(10));
  await until(() => guest.printed > 70_000 && !guest.ready, "the guest waits");
  await new Promise((resolve) => setTimeout(resolve, 0)); // timers still run
  reader.releaseLock();
  const reading = readAll(console.readable, true);
  await printing;
  console.close();
  assertEquals(new TextDecoder().decode(first[0].value) + await reading === text, true);
});

Deno.test("stream console: with a reader that stopped, the machine's end still keeps what was printed", async () => {
  const { console, guest } = rig();
  const reader = console.readable.getReader();
  const text = longText(80_000);
  const [{ value }] = await Promise.all([reader.read(), guest.print(text.slice(0, 10))]);
  await guest.print(text.slice(10)); // what is kept for the reader is full, the queue is not
  console.close();
  reader.releaseLock();
  assertEquals(new TextDecoder().decode(value) + await readAll(console.readable) === text, true);
});

Deno.test("stream console: without a reader the guest runs on, and the newest output is kept", async () => {
  const { console, guest } = rig();
  await guest.print(longText(300_000) + "the end");
  console.close();
  const kept = await readAll(console.readable);
  assert(kept.endsWith("the end") && kept.length <= 64 * 1024, `${kept.length} bytes were kept`);
});

Deno.test("stream console: a reader that cancels is as if there had been none", async () => {
  const { console, guest } = rig();
  const reader = console.readable.getReader();
  await Promise.all([reader.read(), guest.print("x")]);
  const printing = guest.print(longText(200_000));
  await until(() => guest.printed > 70_000 && !guest.ready, "the guest waits");
  await new Promise((resolve) => setTimeout(resolve, 0)); // until the port sleeps
  await reader.cancel();
  await printing;
  console.close();
});

Deno.test("stream console: what is printed at the debug port comes with COM1's output", async () => {
  const { machine, console, guest } = rig();
  const reading = readAll(console.readable);
  for (const byte of new TextEncoder().encode("debug")) machine.ports.write(0xe9, 1, byte);
  await guest.print("port");
  console.close();
  assertEquals([..."debugport"].sort().join(), [...await reading].sort().join());
});

Deno.test("stream console: input reaches the guest as it takes it", async () => {
  const { console, guest } = rig();
  const writer = console.writable.getWriter(), text = longText(20_000);
  const writing = writer.write(new TextEncoder().encode(text));
  await guest.reads(text);
  await writing;
  console.close();
});
