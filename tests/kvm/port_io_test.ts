import { assertEquals } from "@std/assert";
import type { Vm } from "../../mod.ts";
import { PORT } from "../../src/board/addresses.ts";
import type { Assembler } from "../../src/guests/asm/assembler.ts";
import * as r from "../../src/guests/asm/operands.ts";
import { stringIn, stringOut } from "../../src/guests/payloads/loops.ts";
import type { Payload } from "../../src/guests/payloads/wrap.ts";
import { startPayload } from "../support/payload_machine.ts";
import { once, sendAccumulator } from "../support/payloads.ts";

/** An address and a port that nobody claims. */
const NOBODY = { GPA: 0xd000_0000, PORT: 0x1234 } as const;
/** COM1's scratch register: what is written there is read there. The next port is nobody's. */
const SCRATCH = PORT.COM1 + 7;

async function bytesOf(vm: Vm): Promise<number[]> {
  const bytes: number[] = [];
  for await (const chunk of vm.console.readable) bytes.push(...chunk);
  assertEquals(await vm.wait(), { reason: "poweroff" });
  return bytes;
}

async function output(payload: Payload): Promise<number[]> {
  await using vm = await startPayload(payload);
  return await bytesOf(vm);
}

const ascii = (text: string) => [...text].map((letter) => letter.charCodeAt(0));
const ones = (count: number) => new Array<number>(count).fill(0xff);

Deno.test("port i/o: REP OUTSB of more than one exit's worth arrives whole and in order", async () => {
  const text = Array.from({ length: 8000 }, (_, i) => String.fromCharCode(33 + i % 89)).join("");
  assertEquals(await output(stringOut(PORT.COM1, text)), ascii(text));
});

Deno.test("port i/o: REP OUTSW and OUTSD spread over neighbouring registers, element after element", async () => {
  for (const [size, spacing] of [[16, 2], [32, 4]] as const) {
    const text = "Denovisor! ".repeat(30);
    const payload = once("real", (a) => {
      a.cld();
      a.mov(r.si, "text");
      a.mov(r.cx, text.length);
      a.mov(r.dx, PORT.COM1);
      a.rep();
      a.outs(size);
      a.jmp("done");
      a.bind("text");
      // The byte for the transmitter; zeros for interrupt enable, FIFO control and line control.
      for (const letter of text) {
        a.text(letter);
        a.space(spacing - 1);
      }
      a.bind("done");
    });
    assertEquals(await output(payload), ascii(text));
  }
});

Deno.test("port i/o: REP INSB, INSW and INSD fill exactly their elements", async () => {
  assertEquals(await output(stringIn(NOBODY.PORT, PORT.COM1, 3000)), ones(3000));
  for (const width of [1, 2, 4] as const) {
    const count = 700;
    const payload = once("real", (a) => {
      a.cld();
      a.mov(r.dx, SCRATCH);
      a.mov(r.al, 0xa5);
      a.out(r.dx, r.al);
      a.mov(r.di, "buffer");
      a.mov(r.cx, count);
      a.rep();
      a.ins(width === 1 ? 8 : width === 2 ? 16 : 32);
      a.mov(r.si, "buffer");
      a.mov(r.cx, count * width + 2);
      a.mov(r.dx, PORT.COM1);
      a.rep();
      a.outs(8);
      a.jmp("done");
      a.bind("buffer");
      a.space(count * width);
      a.db(0x5a, 0x5b); // what follows is not touched
      a.bind("done");
    });
    const element = [0xa5, ...ones(width - 1)];
    assertEquals(await output(payload), [...Array.from({ length: count }, () => element).flat(), 0x5a, 0x5b]);
  }
});

Deno.test("port i/o: ports that nobody claims read all ones at 1, 2 and 4 bytes; one in two owners is split", async () => {
  const read = (a: Assembler, port: number, width: 1 | 2 | 4) => {
    a.mov(r.dx, port);
    a.xor(r.eax, r.eax);
    a.in(width === 1 ? r.al : width === 2 ? r.ax : r.eax, r.dx);
    sendAccumulator(a, 4);
  };
  const payload = once("protected", (a) => {
    a.mov(r.dx, SCRATCH);
    a.mov(r.al, 0x77);
    a.out(r.dx, r.al);
    for (const port of [NOBODY.PORT, NOBODY.PORT + 1, 0xffff]) {
      for (const width of [1, 2, 4] as const) {
        a.mov(r.dx, port);
        a.out(r.dx, width === 1 ? r.al : width === 2 ? r.ax : r.eax);
        read(a, port, width);
      }
    }
    read(a, SCRATCH, 4);
    read(a, SCRATCH - 3, 4); // modem control, line status, modem status, scratch
  });
  const widths = [[0xff, 0, 0, 0], [0xff, 0xff, 0, 0], ones(4)];
  assertEquals(await output(payload), [
    ...[widths, widths, widths].flat(2),
    ...[0x77, 0xff, 0xff, 0xff],
    ...[0x00, 0x60, 0xb0, 0x77],
  ]);
});

Deno.test("memory i/o: addresses that nobody claims read all ones at 1, 2, 4 and 8 bytes", async () => {
  const payload = once("kernel", (a) => {
    for (const offset of [0, 1, 0xffd]) { // the last one crosses a page
      a.mov(r.edi, NOBODY.GPA + offset);
      for (const width of [1, 2, 4, 8] as const) {
        a.xor(r.eax, r.eax);
        if (width === 1) a.mov(r.m8(r.rdi), r.al);
        if (width === 2) a.mov(r.m16(r.rdi), r.ax);
        if (width === 4) a.mov(r.m32(r.rdi), r.eax);
        if (width === 8) a.mov(r.m64(r.rdi), r.rax);
        if (width === 1) a.mov(r.al, r.m8(r.rdi));
        if (width === 2) a.mov(r.ax, r.m16(r.rdi));
        if (width === 4) a.mov(r.eax, r.m32(r.rdi));
        if (width === 8) a.mov(r.rax, r.m64(r.rdi));
        sendAccumulator(a, 8);
      }
    }
  });
  const widths = [1, 2, 4, 8].map((width) => [...ones(width), ...new Array<number>(8 - width).fill(0)]);
  assertEquals(await output(payload), [widths, widths, widths].flat(2));
});

Deno.test("memory i/o: strings to and from addresses that nobody claims", async () => {
  const payload = once("protected", (a) => {
    a.cld();
    a.mov(r.esi, NOBODY.GPA);
    a.mov(r.edi, 0x20_0000);
    a.mov(r.ecx, 500);
    a.rep();
    a.movs(32);
    a.mov(r.esi, 0x20_0000);
    a.mov(r.edi, NOBODY.GPA + 2);
    a.mov(r.ecx, 500);
    a.rep();
    a.movs(32);
    a.mov(r.esi, 0x20_0000);
    a.mov(r.ecx, 2001);
    a.mov(r.dx, PORT.COM1);
    a.rep();
    a.outs(8);
  });
  assertEquals(await output(payload), [...ones(2000), 0]);
});
