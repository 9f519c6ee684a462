import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import type { Vm } from "../../mod.ts";
import { PORT } from "../../src/board/addresses.ts";
import type { Assembler } from "../../src/guests/asm/assembler.ts";
import * as r from "../../src/guests/asm/operands.ts";
import type { Payload } from "../../src/guests/payloads/wrap.ts";
import { startPayload } from "../support/payload_machine.ts";
import { once } from "../support/payloads.ts";

const LINE_STATUS = PORT.COM1 + 5;
const DATA_READY = 0x01;
const TRANSMITTER_EMPTY = 0x20;
const FIFO = 16;
/** A prime period, so that a lost, doubled or misplaced chunk of any power of two shows. */
const PERIOD = 251;
const SCROLL_BACK = 64 * 1024;

const byteAt = (index: number) => index % PERIOD;

function waitFor(a: Assembler, bit: number): void {
  const again = `wait${a.length}`;
  a.mov(r.dx, LINE_STATUS);
  a.bind(again);
  a.in(r.al, r.dx);
  a.test(r.al, bit);
  a.j("z", again);
}

/** Prints `rounds` × 16 × {@link PERIOD} bytes of the pattern as a driver does, and powers off. */
function printer(rounds: number): Payload {
  return once("protected", (a) => {
    a.cld();
    a.mov(r.ebx, rounds);
    a.bind("round");
    a.mov(r.esi, "pattern");
    a.mov(r.edi, PERIOD);
    a.bind("burst");
    waitFor(a, TRANSMITTER_EMPTY);
    a.mov(r.dx, PORT.COM1);
    a.mov(r.ecx, FIFO);
    a.rep();
    a.outs(8);
    a.dec(r.edi);
    a.j("nz", "burst");
    a.dec(r.ebx);
    a.j("nz", "round");
    a.jmp("end");
    a.bind("pattern");
    a.bytes(Uint8Array.from({ length: FIFO * PERIOD }, (_, i) => byteAt(i)));
    a.bind("end");
  });
}

/** Sends back `count` bytes, one by one, and powers off. */
function echo(count: number): Payload {
  return once("protected", (a) => {
    a.mov(r.ecx, count);
    a.bind("next");
    waitFor(a, DATA_READY);
    a.mov(r.dx, PORT.COM1);
    a.in(r.al, r.dx);
    a.mov(r.bl, r.al);
    waitFor(a, TRANSMITTER_EMPTY);
    a.mov(r.al, r.bl);
    a.mov(r.dx, PORT.COM1);
    a.out(r.dx, r.al);
    a.dec(r.ecx);
    a.j("nz", "next");
  });
}

/** Checks chunks against the pattern from `start` on; returns how many bytes there were. */
async function checkPattern(
  vm: Vm,
  start = 0,
  between: (chunks: number) => Promise<unknown> | void = () => {},
): Promise<number> {
  let seen = 0, chunks = 0;
  for await (const bytes of vm.console.readable) {
    for (let i = 0; i < bytes.length; i++) {
      if (bytes[i] !== byteAt(start + seen + i)) {
        throw new Error(`byte ${seen + i} of ${chunks} chunks is wrong`);
      }
    }
    seen += bytes.length;
    await between(++chunks);
  }
  return seen;
}

const ROUND = FIFO * PERIOD;
const rest = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

Deno.test("console: a reader that is slow now and then gets a megabyte without a gap", async () => {
  await using vm = await startPayload(printer(262));
  const seen = await checkPattern(vm, 0, (chunks) => chunks % 20 === 0 ? rest(chunks % 7) : undefined);
  assert(seen > 2 ** 20);
  assertEquals([seen, await vm.wait()], [262 * ROUND, { reason: "poweroff" }]);
});

Deno.test("console: a slow reader makes the guest wait, and a pause in the middle loses nothing", async () => {
  await using vm = await startPayload(printer(30));
  let reads = 0;
  const reader = vm.console.readable.getReader();
  let seen = 0, largest = 0;
  for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
    for (const byte of chunk.value) if (byte !== byteAt(seen++)) throw new Error(`byte ${seen - 1} is wrong`);
    largest = Math.max(largest, chunk.value.length);
    if (++reads % 5 === 0) {
      await vm.pause();
      await rest(1);
      vm.resume();
    }
  }
  assertEquals(seen, 30 * ROUND);
  assert(largest <= SCROLL_BACK);
});

Deno.test("console: without a reader the guest goes on, and its last 64 KiB are there after its end", async () => {
  await using vm = await startPayload(printer(20));
  assertEquals(await vm.wait(), { reason: "poweroff" });
  assertEquals(await checkPattern(vm, 20 * ROUND - SCROLL_BACK), SCROLL_BACK);
});

Deno.test("console: a reader that cancels lets the guest go on to its end", async () => {
  await using vm = await startPayload(printer(20));
  const reader = vm.console.readable.getReader();
  assertEquals((await reader.read()).value![0], 0);
  await reader.cancel();
  assertEquals((await reader.read()).done, true);
  assertEquals(await vm.wait(), { reason: "poweroff" });
});

Deno.test("console: 64 KiB typed at once come back as they were", async () => {
  const input = Uint8Array.from({ length: 65_536 }, (_, i) => byteAt(i));
  await using vm = await startPayload(echo(input.length));
  const writer = vm.console.writable.getWriter();
  const written = (async () => {
    for (let at = 0; at < input.length; at += 30_000) await writer.write(input.subarray(at, at + 30_000));
  })();
  assertEquals(await checkPattern(vm), input.length);
  await written;
  assertEquals(await vm.wait(), { reason: "poweroff" });
});

Deno.test("console: what a guest does not take fails with its end, and keeps nobody from ending it", async () => {
  await using vm = await startPayload(once("real", (a) => (a.bind("ever"), a.jmp("ever"))));
  const writer = vm.console.writable.getWriter();
  const written = assertRejects(
    () => writer.write(new Uint8Array(100_000)),
    Error,
    "the machine has stopped",
  );
  await rest(5);
  await vm.stop();
  await written;
  await assertRejects(() => writer.write(new Uint8Array(10)), Error, "the machine has stopped");
  assertEquals(await checkPattern(vm), 0);
});

Deno.test("console: a stopped machine's streams end, read before or after", async () => {
  for (const early of [true, false]) {
    await using vm = await startPayload(printer(1_000_000));
    const reading = early ? checkPattern(vm) : undefined;
    await rest(20);
    await vm.stop();
    const seen = await (reading ?? checkPattern(vm).catch(() => -1)); // unread, its beginning is gone
    assert(early ? seen > 0 : seen !== 0, `${seen} bytes`);
  }
});

Deno.test("console: there is none where COM1 leads elsewhere, and the guest does not mind", async () => {
  await using vm = await startPayload(printer(20), { serial: ["null"] });
  assertThrows(() => vm.console, Error, "COM1 is not a stream");
  assertEquals(vm.serial, [{ name: "COM1", target: "null" }]);
  assertEquals(await vm.wait(), { reason: "poweroff" });
});
