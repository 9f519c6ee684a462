/** Drivers of several manners against the UART: whatever the timing, every byte arrives, and no interrupt is lost. */
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { uartRig } from "./uart_rig.ts";

type Rig = ReturnType<typeof uartRig>;

/** Takes one byte for one interrupt and looks at nothing else: needs an edge for each byte. */
function oneByte(rig: Rig, got: number[]): void {
  if ((rig.inb(5) & 1) !== 0) got.push(rig.inb(0));
}

/** Takes a trigger level's worth blind on received data, and what is there on a timeout, as 16550 drivers may. */
function blindBurst(rig: Rig, got: number[]): void {
  const id = rig.inb(2) & 0x0f;
  if (id === 0x04) { for (let i = 0; i < 8; i++) got.push(rig.inb(0)); }
  else if (id === 0x0c) got.push(rig.inb(0));
}

/** Loops until the IIR is quiet, as Linux does. */
function untilQuiet(rig: Rig, got: number[]): void {
  while ((rig.inb(2) & 1) === 0) while ((rig.inb(5) & 1) !== 0) got.push(rig.inb(0));
}

const DRIVERS = { oneByte, blindBurst, untilQuiet };

Deno.test("uart stream: edge-triggered drivers receive every byte", () => {
  const chunks = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 12 });
  for (const [name, driver] of Object.entries(DRIVERS)) {
    for (const fcr of name === "blindBurst" ? [0x81] : [0x00, 0x01, 0x81, 0xc1]) {
      fc.assert(fc.property(chunks, fc.infiniteStream(fc.nat(3)), (typed, chances) => {
        const rig = uartRig(1024);
        const got: number[] = [];
        rig.outb(4, 0x08);
        rig.outb(2, fcr);
        rig.outb(1, 0x01);
        let served = 0;
        const serve = (atMost: number) => {
          for (let i = 0; i < atMost && served < rig.pin.edges; i++) {
            // An edge controller remembers one edge while the handler runs, however many there are.
            served = rig.pin.edges;
            driver(rig, got);
          }
        };
        for (const chunk of typed) {
          rig.rx.write(chunk);
          rig.uart.receive();
          serve(chances.next().value!);
        }
        serve(Infinity);
        assertEquals(got, typed.flatMap((chunk) => [...chunk]), `${name}, FCR ${fcr}`);
      }));
    }
  }
});

Deno.test("uart stream: a transmitter driven by THRE interrupts sends everything, however slow the host", () => {
  const drains = fc.array(fc.nat(80), { minLength: 1, maxLength: 30 });
  fc.assert(fc.property(drains, fc.constantFrom(0, 1), fc.boolean(), (taken, fcr, readsIir) => {
    const rig = uartRig(64);
    const total = 500, received: number[] = [], buffer = new Uint8Array(80);
    let sent = 0, served = 0;
    rig.outb(4, 0x08);
    rig.outb(2, fcr);
    const handler = () => {
      if (readsIir && (rig.inb(2) & 0x0f) !== 0x02) return;
      if ((rig.inb(5) & 0x20) === 0) return;
      for (let i = 0; i < (fcr ? 16 : 1) && sent < total; i++) rig.outb(0, sent++ & 0xff);
      if (sent === total) rig.outb(1, 0);
    };
    rig.outb(1, 0x02);
    for (let turn = 0; received.length < total && turn < 10_000; turn++) {
      while (served < rig.pin.edges) {
        served = rig.pin.edges;
        handler();
      }
      const count = rig.tx.read(buffer.subarray(0, 1 + taken[turn % taken.length]!));
      received.push(...buffer.subarray(0, count));
      rig.uart.transmitDrained();
    }
    assertEquals(received, Array.from({ length: total }, (_, i) => i & 0xff));
  }));
});
