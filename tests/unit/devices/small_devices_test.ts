import { assertEquals } from "@std/assert";
import { DebugConsole } from "../../../src/devices/debug_console.ts";
import { DebugExit, debugExitStatus } from "../../../src/devices/debug_exit.ts";
import { NullPort } from "../../../src/devices/null_port.ts";
import { Post, PostState } from "../../../src/devices/post.ts";
import { PvPanic } from "../../../src/devices/pvpanic.ts";
import { ResetControl, ResetControlState } from "../../../src/devices/reset_control.ts";
import { ByteRing } from "../../../src/state/ring.ts";
import { FakeRequests, ports } from "./fakes.ts";

Deno.test("reset control: RST_CPU resets when it rises, as Linux and ACPI write it", () => {
  const requests = new FakeRequests();
  const { inb, outb } = ports(new ResetControl(ResetControlState.create(), requests));
  outb(0, inb(0) & ~0x0e | 2); // Linux: hard reset first …
  assertEquals([inb(0), requests.seen], [2, []]);
  outb(0, inb(0) | 0x0e); // … then go.
  assertEquals(requests.seen, [["reset"]]);
  outb(0, 0x06);
  assertEquals(requests.seen.length, 1, "it did not rise");
  outb(0, 0);
  outb(0, 0x06);
  assertEquals(requests.seen.length, 2);
});

Deno.test("pvpanic: tells what it can and passes on what it hears", () => {
  const requests = new FakeRequests();
  const { inb, outb } = ports(new PvPanic(requests));
  assertEquals(inb(0), 3);
  for (const value of [0, 1, 2, 3, 0xfc]) outb(0, value);
  assertEquals(requests.seen, [["panic"], ["crash-loaded"], ["panic"]]);
});

Deno.test("debug console: is there, prints, wakes once, and drops when full", () => {
  const ring = new ByteRing(new ArrayBuffer(ByteRing.bytes(4)), 0, 4);
  let wakes = 0;
  const { inb, outb } = ports(new DebugConsole(ring, () => wakes++));
  assertEquals(inb(0), 0xe9);
  for (const byte of [1, 2, 3, 4, 5]) outb(0, byte);
  assertEquals([ring.length, wakes], [4, 1]);
});

Deno.test("debug exit: the status rule of QEMU", () => {
  const requests = new FakeRequests();
  const exit = new DebugExit(requests);
  exit.write(0, 4, 0xffff_fffe);
  exit.write(1, 1, 0x10);
  assertEquals([exit.read(0, 4), requests.seen], [0, [["debug-exit", 0xffff_fffe], ["debug-exit", 0x10]]]);
  assertEquals([0, 0x10, 0x31, 0xffff_ffff].map(debugExitStatus), [1, 33, 99, 255]);
});

Deno.test("post and null ports", () => {
  const post = ports(new Post(PostState.create()));
  post.outb(0, 0x7e);
  assertEquals(post.inb(0), 0x7e);
  const nothing = new NullPort();
  nothing.write(0, 4, 1);
  assertEquals([1, 2, 4].map((width) => nothing.read(0, width)), [0xff, 0xffff, 0xffff_ffff]);
});
