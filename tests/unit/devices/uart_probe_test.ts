/** What drivers do to find out which UART they have. The steps are those of Linux's 8250_port.c and FreeBSD's sio.c. */
import { assert, assertEquals } from "@std/assert";
import { uartRig } from "./uart_rig.ts";

Deno.test("uart probe: Linux's autoconfig takes it for a 16550A", () => {
  const { inb, outb } = uartRig();
  // Does a UART exist at all: IER keeps four bits.
  outb(1, 0);
  assertEquals(inb(1) & 0x0f, 0);
  outb(1, 0x0f);
  assertEquals(inb(1) & 0x0f, 0x0f);
  outb(1, 0);
  // Loopback: OUT2 and RTS come back as DCD and CTS, and only those.
  const mcr = inb(4);
  outb(4, 0x10 | 0x08 | 0x02);
  assertEquals(inb(6) & 0xf0, 0x90);
  outb(4, mcr);
  // EFR (offset 2 under LCR 0xbf) must not look like one: writing 0 there, then FIFOs on, gives 16550A.
  outb(3, 0xbf);
  outb(2, 0);
  outb(3, 0);
  outb(2, 0x01);
  assertEquals(inb(2) >> 6, 3);
  // autoconfig_16550a: no 16650 (EFR reads 0 under DLAB), no 16C950, no NatSemi (EXCR2), no 16750, no XScale.
  outb(3, 0x80);
  assert(inb(2) !== 0);
  outb(3, 0xbf);
  assert(inb(2) !== 0);
  outb(3, 0);
  outb(4, 0x10);
  outb(3, 0xe0);
  const excr = inb(2);
  outb(3, 0);
  outb(4, 0);
  assertEquals(excr & 0x10, 0);
  outb(2, 0x01 | 0x20);
  assertEquals(inb(2) & 0x20, 0);
  outb(3, 0x80);
  outb(2, 0x01 | 0x20);
  assertEquals(inb(2) & 0x20, 0);
  outb(3, 0);
  outb(1, 0x40);
  assertEquals(inb(1) & 0x40, 0);
  // The scratch register tells an 8250 from the rest.
  for (const pattern of [0xa5, 0x5a]) {
    outb(7, pattern);
    assertEquals(inb(7), pattern);
  }
});

Deno.test("uart probe: Linux's startup finds no THRE nor TXEN bug", () => {
  const { inb, outb } = uartRig();
  const NO_INTERRUPT = 1;
  outb(2, 0x07);
  outb(1, 0x02);
  assertEquals(inb(2) & NO_INTERRUPT, 0, "THRE on enable");
  outb(1, 0);
  outb(1, 0x02);
  assertEquals(inb(2) & NO_INTERRUPT, 0, "THRE again after the IIR was read");
  outb(1, 0);
  // TXEN: the interrupt is there although OUT2 keeps it from the wire.
  outb(1, 0x02);
  assertEquals([inb(5) & 0x60, inb(2) & 0x0f], [0x60, 0x02]);
});

Deno.test("uart probe: FIFOs off looks like a 16450", () => {
  const { inb, outb } = uartRig();
  outb(2, 0);
  assertEquals(inb(2), 0x01);
});

Deno.test("uart probe: loopback echoes bytes inside and keeps them from the host", () => {
  const rig = uartRig();
  rig.outb(4, 0x1e); // LOOP | OUT2 | OUT1 | RTS, as several BIOSes test.
  rig.outb(0, 0xae);
  assertEquals(rig.inb(5) & 0x61, 0x61);
  assertEquals(rig.inb(0), 0xae);
  assertEquals([rig.inb(5) & 1, rig.tx.length, rig.wakes.transmit], [0, 0, 0]);
});

Deno.test("uart probe: FreeBSD's sio sees the interrupt gate shut in loopback and open after it", () => {
  const rig = uartRig();
  rig.outb(4, 0x10 | 0x08);
  rig.outb(1, 0x02);
  rig.outb(0, 0);
  assert(!rig.pin.high, "loopback forces OUT2 inactive");
  rig.outb(4, 0x08);
  assert(rig.pin.high);
  assertEquals(rig.inb(2), 0x02);
  assert(!rig.pin.high, "reading the IIR withdraws it");
  assertEquals(rig.inb(2), 0x01);
});

Deno.test("uart probe: the divisor lies behind DLAB and is not the data or IER", () => {
  const { inb, outb, tx } = uartRig();
  outb(3, 0x83);
  assertEquals([inb(0), inb(1)], [12, 0]);
  outb(0, 1);
  outb(1, 2);
  assertEquals([inb(0), inb(1)], [1, 2]);
  outb(3, 0x03);
  assertEquals([inb(0), inb(1), tx.length], [0, 0, 0]);
});
