import { assertEquals, assertMatch } from "@std/assert";
import { type FarEnd, NOWHERE } from "../../../src/backends/far_end.ts";
import { PortPump } from "../../../src/console/port_pump.ts";
import { machineOf } from "./rig.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

/** A pump over a port's real queues, with a device that counts its calls. */
function rig(far: Partial<FarEnd>) {
  const { machine } = machineOf([{ unplugged: false }], true);
  const { link } = machine.serial[0]!, debug = machine.debugConsole!;
  const calls = { receive: 0, transmitDrained: 0 };
  const device = {
    receive: () => void calls.receive++,
    transmitDrained: () => void calls.transmitDrained++,
  };
  const logged: string[] = [];
  const pump = new PortPump("COM1", link, device, debug, { ...NOWHERE, ...far }, (_, text) => {
    logged.push(text);
  });
  return { link, debug, calls, logged, pump };
}

Deno.test("port pump: what the far end does not take yet is kept, and the queue waits", () => {
  let room = 0, taken = "";
  const { link, calls, pump } = rig({
    write(output) {
      const count = Math.min(room, output.length);
      taken += new TextDecoder().decode(output.subarray(0, count));
      room -= count;
      return count;
    },
  });
  link.transmit.write(bytes("abc"));
  assertEquals([pump.pump(), calls.transmitDrained], [true, 1]); // it took them from the queue
  link.transmit.write(bytes("def"));
  assertEquals([pump.pump(), pump.left, link.transmit.length], [false, 6, 3]);
  assertEquals(pump.rest(), true, "a full far end decides when to go on");
  room = 2;
  assertEquals([pump.pump(), taken, pump.left], [true, "ab", 4]);
  room = 100;
  while (pump.pump());
  assertEquals([taken, pump.left, calls.transmitDrained], ["abcdef", 0, 2]);
});

Deno.test("port pump: it does not rest while there is output in either queue", () => {
  const { link, debug, pump } = rig({});
  assertEquals(pump.rest(), true);
  link.transmit.push(0x41);
  assertEquals(pump.rest(), false);
  while (pump.pump());
  debug.push(0x41);
  assertEquals(pump.rest(), false);
  while (pump.pump());
  assertEquals([pump.rest(), pump.left], [true, 0]);
});

Deno.test("port pump: input is taken only while the guest's queue has room", () => {
  const asked: boolean[] = [];
  const { link, calls, pump } = rig({
    read: (into) => into.fill(0x41).length,
    watch: (_set, _blocked, room) => void asked.push(room),
  });
  const look = () => pump.watch(undefined as never);
  look();
  assertEquals([pump.pump(), calls.receive, link.receive.space], [true, 1, 0]);
  look();
  assertEquals([pump.pump(), calls.receive], [false, 1]);
  link.receive.shift();
  look();
  assertEquals([pump.pump(), calls.receive, link.receive.space], [true, 2, 0]);
  assertEquals(asked, [true, false, true]);
});

Deno.test("port pump: a far end that throws is replaced by none", () => {
  let disposed = 0;
  const { link, logged, pump } = rig({
    write() {
      throw new Error("defect");
    },
    [Symbol.dispose]: () => void disposed++,
  });
  link.transmit.write(bytes("abc"));
  while (pump.pump());
  link.transmit.write(bytes("def"));
  while (pump.pump());
  assertEquals([pump.left, logged.length, disposed], [0, 1, 1]);
  assertMatch(logged[0]!, /^COM1 is cut off: Error: defect/);
});
