import { assertEquals } from "@std/assert";
import { Attachment } from "../../../src/bus/attachment.ts";
import type { IoDevice } from "../../../src/bus/device.ts";
import { Lock } from "../../../src/state/lock.ts";
import { Recorder } from "./fakes.ts";

const FREE = 0;

/** Two isolates' attachments of one device: word 0 is the lock, word 1 the broken flag. */
function twins(device: IoDevice) {
  const words = new Int32Array(new SharedArrayBuffer(8));
  const reports: [string, unknown][] = [];
  const make = () =>
    new Attachment("toy", device, new Lock(words, 0), words, 1, (...report) => reports.push(report));
  return { words, reports, first: make(), second: make() };
}

Deno.test("attachment: a device that throws is out of service for every worker, is told once, and leaves no lock", () => {
  const defect = new Error("a defect");
  let calls = 0;
  const toy: IoDevice = {
    maxWidth: 4,
    read(offset) {
      calls++;
      if (offset === 13) throw defect;
      return offset;
    },
    write() {
      calls++;
      throw defect;
    },
  };
  const { words, reports, first, second } = twins(toy);
  assertEquals(first.read(5, 1), 5);
  assertEquals(first.read(13, 1), 0xffff_ffff);
  assertEquals(words[0], FREE);
  assertEquals([first.read(5, 1), second.read(5, 1)], [0xffff_ffff, 0xffff_ffff]);
  second.write(0, 1, 1);
  assertEquals(calls, 2, "nothing reached it any more");
  assertEquals(reports, [["toy", defect]]);
  assertEquals(words[0], FREE);
});

Deno.test("attachment: a write that throws does the same", () => {
  const toy: IoDevice = {
    maxWidth: 1,
    read: () => 7,
    write() {
      throw new Error("a defect");
    },
  };
  const { words, reports, first, second } = twins(toy);
  second.write(0, 1, 1);
  assertEquals([reports.length, first.read(0, 1), words[0]], [1, 0xffff_ffff, FREE]);
});

Deno.test("attachment: the device is called with its lock held, by guest and host alike", () => {
  const seen: number[] = [];
  const device = new Recorder(4);
  const { words, first } = twins({
    maxWidth: 4,
    read: (offset, width) => (seen.push(words[0]!), device.read(offset, width)),
    write: (offset, width, value) => (seen.push(words[0]!), device.write(offset, width, value)),
  });
  first.read(0, 4);
  first.write(0, 4, 1);
  assertEquals(first.locked(() => (seen.push(words[0]!), "answer")), "answer");
  assertEquals(seen, [1, 1, 1]);
  const answer = first.locked(() => {
    throw new Error("the host's own");
  });
  assertEquals(answer, undefined);
  assertEquals(first.read(0, 4), 0xffff_ffff, "its code failed: it is out of service for the guest too");
  assertEquals(words[0], FREE);
});

Deno.test("attachment: another face of a device has its lock, and goes out of service with it", () => {
  const main = new Recorder(4), other = new Recorder(2);
  const { words, reports, first, second } = twins(main);
  const face = first.face(other);
  assertEquals([first.maxWidth, face.maxWidth, face.name], [4, 2, "toy"]);
  assertEquals(face.read(1, 1), 0x11);
  face.locked(() => assertEquals(words[0] === FREE, false, "the same lock"));
  face.locked(() => {
    throw new Error("a defect");
  });
  assertEquals([first.read(0, 1), second.read(0, 1), face.read(0, 1)], Array(3).fill(0xffff_ffff));
  assertEquals([main.take(), other.take(), reports.length, words[0]], [[], ["r1 1"], 1, FREE]);
});
