import { assert, assertEquals } from "@std/assert";
import { uartRig } from "./uart_rig.ts";

const OUT2 = 0x08;

Deno.test("uart transmit: polled output reaches the host, which is woken once", () => {
  const rig = uartRig();
  for (const c of "hello") {
    assertEquals(rig.inb(5) & 0x60, 0x60);
    rig.outb(0, c.charCodeAt(0));
  }
  assertEquals(rig.wakes.transmit, 1);
  assertEquals(rig.drain(), "hello");
  rig.outb(0, 0x21);
  assertEquals(rig.wakes.transmit, 2);
});

Deno.test("uart transmit: a slow consumer makes the guest wait and loses nothing", () => {
  const rig = uartRig(64);
  let sent = 0;
  const fill = () => {
    while ((rig.inb(5) & 0x60) === 0x60) for (let i = 0; i < 16; i++) rig.outb(0, 0x41 + sent++ % 26);
  };
  fill();
  assertEquals([sent, rig.tx.length, rig.wakes.transmit], [64, 64, 2]);
  assertEquals(rig.inb(5) & 0x60, 0);
  rig.tx.shift();
  rig.uart.transmitDrained();
  assertEquals(rig.inb(5) & 0x60, 0, "one byte of room is no FIFO of room");
  assertEquals(rig.drain().length, 63);
  assertEquals(rig.inb(5) & 0x60, 0x60);
});

Deno.test("uart transmit: the driver's loop sees room without the host's poke", () => {
  const rig = uartRig(16);
  rig.outb(0, 1);
  assertEquals(rig.inb(5), 0);
  rig.tx.shift();
  assertEquals(rig.inb(5), 0x60);
});

Deno.test("uart transmit: interrupt when the consumer makes room", () => {
  const rig = uartRig(16);
  rig.outb(4, OUT2);
  rig.outb(0, 1);
  rig.outb(1, 0x02);
  assert(!rig.pin.high, "not empty: no THRE interrupt");
  rig.drain();
  assert(rig.pin.high);
  assertEquals(rig.inb(2), 0x02);
  assert(!rig.pin.high);
});

Deno.test("uart transmit: one edge for a burst into the FIFO, one for each byte without it", () => {
  for (const [fcr, edges] of [[1, 1], [0, 16]] as const) {
    const rig = uartRig();
    rig.outb(4, OUT2);
    rig.outb(2, fcr);
    rig.outb(1, 0x02);
    rig.inb(2);
    const before = rig.pin.edges;
    for (let i = 0; i < 16; i++) rig.outb(0, i);
    assertEquals(rig.pin.edges - before, edges);
    assert(rig.pin.high);
  }
});

Deno.test("uart transmit: a driver that never reads the IIR still gets an edge for each byte", () => {
  const rig = uartRig();
  rig.outb(4, OUT2);
  rig.outb(2, 1);
  rig.outb(1, 0x02);
  for (let i = 0; i < 3; i++) {
    const before = rig.pin.edges;
    rig.inb(5);
    rig.outb(0, i);
    assertEquals(rig.pin.edges, before + 1);
  }
});

Deno.test("uart receive: 16 bytes enter the FIFO and the rest follow as the guest reads", () => {
  const rig = uartRig();
  rig.outb(2, 0xc1);
  rig.type("0123456789abcdefgh");
  assertEquals([rig.state.fifoCount, rig.rx.length, rig.wakes.receive], [16, 2, 0]);
  let text = "";
  while ((rig.inb(5) & 1) !== 0) text += String.fromCharCode(rig.inb(0));
  assertEquals([text, rig.wakes.receive], ["0123456789abcdefgh", 1]);
  assertEquals(rig.inb(0), 0, "an empty receiver gives 0");
});

Deno.test("uart receive: below the trigger it is a timeout, from the trigger on received data", () => {
  for (const [bits, trigger] of [[0, 1], [0x40, 4], [0x80, 8], [0xc0, 14]] as const) {
    const rig = uartRig();
    rig.outb(4, OUT2);
    rig.outb(2, 1 | bits);
    rig.outb(1, 0x01);
    assertEquals(rig.inb(2), 0xc1);
    for (let count = 1; count <= 16; count++) {
      rig.type("x");
      assertEquals(rig.inb(2), count < trigger ? 0xcc : 0xc4);
      assert(rig.pin.high);
    }
  }
});

Deno.test("uart receive: a driver that takes one byte for each edge gets them all", () => {
  for (const fcr of [0x00, 0x81]) {
    const rig = uartRig();
    rig.outb(4, OUT2);
    rig.outb(2, fcr);
    rig.outb(1, 0x01);
    rig.type("pasted");
    let text = "";
    for (let seen = 0; seen < rig.pin.edges; seen++) text += String.fromCharCode(rig.inb(0));
    assertEquals(text, "pasted");
    assert(!rig.pin.high);
  }
});

Deno.test("uart receive: clearing the FIFO drops what has arrived, not what is on the wire", () => {
  const rig = uartRig();
  rig.outb(2, 0x01);
  rig.type("0123456789abcdefgh");
  rig.outb(2, 0x03);
  assertEquals([rig.inb(0), rig.inb(0), rig.inb(5) & 1], [0x67, 0x68, 0]);
});

Deno.test("uart receive: overrun in loopback, with and without FIFOs", () => {
  const fifo = uartRig();
  fifo.outb(4, 0x10);
  fifo.outb(2, 0x01);
  for (let i = 0; i < 17; i++) fifo.outb(0, i);
  assertEquals(fifo.inb(5), 0x63);
  assertEquals(fifo.inb(5), 0x61, "reading the LSR clears it");
  assertEquals(Array.from({ length: 16 }, () => fifo.inb(0)), Array.from({ length: 16 }, (_, i) => i));
  const plain = uartRig();
  plain.outb(4, 0x10);
  plain.outb(0, 1);
  plain.outb(0, 2);
  assertEquals([plain.inb(5), plain.inb(0)], [0x63, 2]);
});

Deno.test("uart break: arrives between the bytes it was sent between", () => {
  const rig = uartRig();
  rig.outb(4, OUT2);
  rig.outb(2, 0x01);
  rig.outb(1, 0x05);
  rig.rx.push(0x61);
  rig.uart.sendBreak();
  rig.type("b");
  assertEquals(rig.inb(5), 0xe1, "somewhere in the FIFO, not at its head");
  assertEquals(rig.inb(0), 0x61);
  assertEquals(rig.inb(2), 0xc6);
  assertEquals(rig.inb(5), 0xf1);
  assertEquals([rig.inb(5), rig.inb(2)], [0x61, 0xc4], "told once");
  assertEquals([rig.inb(0), rig.inb(0), rig.inb(5)], [0, 0x62, 0x60]);
});

Deno.test("uart break: waits for a full FIFO and for loopback to end", () => {
  const rig = uartRig();
  rig.outb(4, 0x10);
  rig.uart.sendBreak();
  assertEquals(rig.inb(5), 0x60);
  rig.outb(4, 0);
  assertEquals(rig.inb(5), 0x71);
  rig.type("x");
  rig.uart.sendBreak();
  assertEquals(rig.inb(0), 0);
  assertEquals([rig.inb(0), rig.inb(5)], [0x78, 0x71]);
});

Deno.test("uart modem: changes are told once, RI only when it ends", () => {
  const rig = uartRig();
  rig.outb(4, OUT2);
  rig.outb(1, 0x08);
  assertEquals(rig.inb(6), 0xb0);
  rig.uart.setModemLines({ ri: true });
  assert(!rig.pin.high);
  assertEquals(rig.inb(6), 0xf0);
  rig.uart.setModemLines({ ri: false, dcd: false });
  assertEquals(rig.inb(2), 0x00);
  assert(rig.pin.high);
  assertEquals([rig.inb(6), rig.inb(6)], [0x3c, 0x30]);
  assert(!rig.pin.high);
});

Deno.test("uart: interrupts in the order of their priority", () => {
  const rig = uartRig();
  rig.outb(4, OUT2);
  rig.uart.setModemLines({ cts: false });
  rig.outb(1, 0x0f);
  rig.uart.sendBreak();
  const seen = [rig.inb(2)];
  rig.inb(5);
  seen.push(rig.inb(2));
  rig.inb(0);
  seen.push(rig.inb(2), rig.inb(2));
  rig.inb(6);
  seen.push(rig.inb(2));
  assertEquals(seen, [6, 4, 2, 0, 1]);
});

Deno.test("uart: another worker's object continues where this one stopped", () => {
  const rig = uartRig();
  rig.outb(2, 0x41);
  rig.outb(7, 0x5a);
  rig.type("ab");
  const twin = rig.twin();
  assertEquals([twin.inb(7), twin.inb(0), rig.inb(0), twin.inb(5)], [0x5a, 0x61, 0x62, 0x60]);
});
