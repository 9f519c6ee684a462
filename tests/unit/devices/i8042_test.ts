import { assert, assertEquals } from "@std/assert";
import { I8042 } from "../../../src/devices/i8042/i8042.ts";
import { translate } from "../../../src/devices/i8042/scancodes.ts";
import { I8042State, resetI8042 } from "../../../src/devices/i8042/state.ts";
import { FakePin, FakeRequests, ports } from "./fakes.ts";

const DATA = 0, STATUS = 4;

function rig() {
  const state = I8042State.create();
  const pin = new FakePin(), requests = new FakeRequests();
  resetI8042(state);
  const device = new I8042(state, pin, requests);
  const { inb, outb } = ports(device);
  const command = (byte: number, ...parameters: number[]) => {
    outb(STATUS, byte);
    for (const parameter of parameters) outb(DATA, parameter);
  };
  /** Everything that the output buffer gives, with the status seen before each byte. */
  const drain = () => {
    const bytes: number[] = [];
    while ((inb(STATUS) & 1) !== 0 && bytes.length < 100) bytes.push(inb(DATA));
    return bytes;
  };
  return { state, pin, requests, device, inb, outb, command, drain };
}

Deno.test("i8042: Linux's probe gets every answer at once, and finds no mouse", () => {
  const r = rig();
  r.command(0xad);
  r.command(0xa7);
  assertEquals(r.drain(), []);
  r.command(0x20);
  const commandByte = r.drain()[0]!;
  assertEquals(commandByte & 0x40, 0x40, "translation on");
  r.command(0x60, commandByte & ~0x40 & ~1);
  r.command(0x20);
  assertEquals(r.drain(), [commandByte & ~0x40 & ~1]);
  r.command(0xaa);
  assertEquals(r.drain(), [0x55]);
  // AUX loop: comes back, but not flagged as the auxiliary port's (status bit 5), which Linux takes for an error.
  r.command(0xd3, 0x5a);
  assertEquals([r.inb(STATUS) & 0x21, r.drain()], [0x01, [0x5a]]);
  // AUX test: not 0x00, 0xfa or 0xff, so no port.
  r.command(0xa9);
  assertEquals(r.drain(), [0x02]);
  r.command(0xab);
  assertEquals(r.drain(), [0x00]);
});

Deno.test("i8042: Linux's atkbd finds a keyboard, translated", () => {
  const r = rig();
  r.outb(DATA, 0xf2);
  assertEquals(r.drain(), [0xfa, 0xab, 0x41]);
  r.outb(DATA, 0xed);
  assertEquals(r.drain(), [0xfa]);
  r.outb(DATA, 0x02);
  assertEquals([r.drain(), r.state.keyboard.leds], [[0xfa], 2]);
  r.outb(DATA, 0xff);
  assertEquals(r.drain(), [0xfa, 0xaa]);
  r.outb(DATA, 0xee);
  assertEquals(r.drain(), [0xee]);
  r.outb(DATA, 0x12);
  assertEquals(r.drain(), [0xfe], "unknown command");
  r.outb(DATA, 0xfe);
  assertEquals(r.drain(), [0xfe], "resend");
});

Deno.test("i8042: one interrupt edge for each byte, none when disabled", () => {
  const r = rig();
  r.outb(DATA, 0xf2);
  assert(r.pin.high);
  for (let edges = 1; edges <= 3; edges++) {
    assertEquals(r.pin.edges, edges);
    r.inb(DATA);
  }
  assert(!r.pin.high);
  r.command(0x60, 0x40);
  r.outb(DATA, 0xf2);
  assertEquals([r.pin.high, r.drain().length], [false, 3]);
});

Deno.test("i8042: Ctrl-Alt-Del in set 1 by translation, in set 2 without, and in the keyboard's own set 1", () => {
  const set1 = [0x1d, 0x38, 0xe0, 0x53, 0xe0, 0xd3, 0xb8, 0x9d];
  const set2 = [0x14, 0x11, 0xe0, 0x71, 0xe0, 0xf0, 0x71, 0xf0, 0x11, 0xf0, 0x14];
  const r = rig();
  assert(r.device.pressCtrlAltDelete());
  assert(r.pin.high);
  assertEquals(r.drain(), set1);
  assert(r.device.pressCtrlAltDelete());
  assertEquals(r.drain(), set1, "a release does not stick");
  r.command(0x60, 0x01);
  assert(r.device.pressCtrlAltDelete());
  assertEquals(r.drain(), set2);
  r.outb(DATA, 0xf0);
  r.outb(DATA, 0x01);
  r.outb(DATA, 0xf0);
  r.outb(DATA, 0x00);
  assertEquals(r.drain(), [0xfa, 0xfa, 0xfa, 0xfa, 1]);
  assert(r.device.pressCtrlAltDelete());
  assertEquals(r.drain(), set1);
});

Deno.test("i8042: Ctrl-Alt-Del says when nobody will see it", () => {
  const r = rig();
  r.outb(DATA, 0xf5);
  r.drain();
  assert(!r.device.pressCtrlAltDelete(), "scanning is off");
  r.outb(DATA, 0xf4);
  r.drain();
  let accepted = 0;
  while (r.device.pressCtrlAltDelete()) accepted++;
  assertEquals(accepted, 3, "the queue is full of unread keys");
});

Deno.test("i8042: a disabled keyboard keeps its bytes, the controller's answers pass", () => {
  const r = rig();
  r.command(0xad);
  r.device.pressCtrlAltDelete();
  assertEquals(r.inb(STATUS) & 1, 0);
  r.command(0x20);
  assertEquals(r.drain(), [0x75]);
  r.command(0xae);
  assertEquals(r.drain().length, 8);
});

Deno.test("i8042: every way to reset, and pulses that are none", () => {
  const r = rig();
  r.command(0xfe);
  assertEquals(r.requests.seen, [["reset"]]);
  r.command(0xff);
  r.command(0xd1, 0x03);
  assertEquals(r.requests.seen.length, 1);
  r.command(0xf0);
  r.command(0xd1, 0x02);
  assertEquals(r.requests.seen.length, 3);
});

Deno.test("i8042: A20 is kept and read back", () => {
  const r = rig();
  const a20 = () => {
    r.command(0xd0);
    return r.drain()[0]! & 0x03;
  };
  assertEquals(a20(), 0x03);
  r.command(0xd1, 0x01);
  assertEquals(a20(), 0x01);
  r.command(0xdf);
  assertEquals(a20(), 0x03);
  r.command(0xdd);
  assertEquals(a20(), 0x01);
});

Deno.test("i8042: the ports between float, and the status tells command from data", () => {
  const r = rig();
  r.outb(1, 0x12);
  assertEquals([1, 2, 3].map(r.inb), [0xff, 0xff, 0xff]);
  r.outb(STATUS, 0xae);
  assertEquals(r.inb(STATUS), 0x1c);
  r.outb(DATA, 0xee);
  assertEquals(r.inb(STATUS), 0x15);
});

Deno.test("i8042: translation of some keys that everybody knows", () => {
  // Esc, A, Enter, Space, F1, F7, left Shift, SysRq; an answer passes.
  assertEquals([0x76, 0x1c, 0x5a, 0x29, 0x05, 0x83, 0x12, 0x84, 0xfa].map(translate), [
    0x01,
    0x1e,
    0x1c,
    0x39,
    0x3b,
    0x41,
    0x2a,
    0x54,
    0xfa,
  ]);
});
