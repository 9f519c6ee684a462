import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { DescriptorChain } from "../../../src/virtio/queue/chain.ts";
import { QueueError } from "../../../src/virtio/queue/errors.ts";
import { PACKED_START, PackedQueue } from "../../../src/virtio/queue/packed_queue.ts";
import { passed, SplitQueue } from "../../../src/virtio/queue/split_queue.ts";
import type { QueueSetup, Virtqueue } from "../../../src/virtio/queue/virtqueue.ts";
import {
  BASE,
  type Buffer,
  BYTES,
  type FakeDriver,
  FakeRam,
  PackedDriver,
  SplitDriver,
} from "./fake_driver.ts";

const DATA = BASE + 0x2_0000;

interface Rig {
  readonly ram: FakeRam;
  readonly queue: Virtqueue;
  readonly driver: FakeDriver;
  readonly chain: DescriptorChain;
  readonly setup: QueueSetup;
}

const KINDS = {
  split(size: number, features: Partial<QueueSetup> = {}): Rig {
    const ram = new FakeRam(), setup = ram.setup(size, features);
    return {
      ram,
      setup,
      queue: new SplitQueue(setup, ram.access, { next_avail: 0, next_used: 0 }),
      driver: new SplitDriver(ram, setup),
      chain: new DescriptorChain(ram.access, size),
    };
  },
  packed(size: number, features: Partial<QueueSetup> = {}): Rig {
    const ram = new FakeRam(), setup = ram.setup(size, features);
    return {
      ram,
      setup,
      queue: new PackedQueue(setup, ram.access, { next_avail: PACKED_START, next_used: PACKED_START }),
      driver: new PackedDriver(ram, setup),
      chain: new DescriptorChain(ram.access, size),
    };
  },
} as const;

const buffer = (offset: number, length: number, writable = false): Buffer => ({
  gpa: DATA + offset,
  length,
  writable,
});

for (const kind of ["split", "packed"] as const) {
  const rig = KINDS[kind];

  Deno.test(`${kind} queue: a request's buffers arrive in order, and go back with their length`, () => {
    for (const indirect of [false, true]) {
      const { ram, queue, driver, chain } = rig(8);
      assertEquals(queue.pop(chain), false);
      ram.bytes.set([1, 2, 3, 4, 5, 6, 7], DATA - BASE);
      const id = driver.offer([buffer(0, 3), buffer(4, 3), buffer(16, 2, true), buffer(32, 8, true)], {
        indirect,
      });
      assert(queue.pop(chain));
      assertEquals([chain.id, chain.count, chain.readable], [id, 4, 2]);
      assertEquals([chain.readableBytes, chain.writableBytes], [6, 10]);
      const read = new Uint8Array(5);
      chain.read(1, read);
      assertEquals([...read], [2, 3, 5, 6, 7]);
      chain.write(1, Uint8Array.of(9, 8, 7));
      assertEquals([...ram.bytes.subarray(DATA - BASE + 16, DATA - BASE + 18)], [0, 9]);
      assertEquals([...ram.bytes.subarray(DATA - BASE + 32, DATA - BASE + 34)], [8, 7]);
      queue.push(chain, 4);
      assertEquals(driver.reap(), [{ id, written: 4 }]);
      assertEquals(queue.pop(chain), false);
    }
  });

  Deno.test(`${kind} queue: host ranges are those of the buffers, from any offset`, () => {
    const { queue, driver, chain } = rig(8);
    driver.offer([buffer(0, 16), buffer(100, 512, true), buffer(1000, 512, true)]);
    queue.pop(chain);
    const ranges: number[][] = [];
    const add = { add: (address: number, length: number) => void ranges.push([address, length]) };
    chain.hostRanges(true, 500, 100, add);
    assertEquals(ranges.map(([, length]) => length), [12, 88]);
    assertThrows(() => chain.hostRanges(true, 1000, 25, add), RangeError);
    assertThrows(() => chain.read(16, new Uint8Array(1)), RangeError);
    assertThrows(() => chain.write(1023, new Uint8Array(2)), RangeError);
  });

  Deno.test(`${kind} queue: any requests, given back in any order, are the ones that were offered`, () => {
    const request = fc.record({
      sizes: fc.array(fc.integer({ min: 1, max: 64 }), { minLength: 1, maxLength: 4 }),
      readable: fc.nat({ max: 4 }),
      indirect: fc.boolean(),
    });
    const step = fc.oneof(
      fc.record({ offer: request }),
      fc.constant({ take: true as const }),
      fc.record({ giveBack: fc.nat() }),
    );
    fc.assert(fc.property(fc.constantFrom(4, 8, 16), fc.array(step, { maxLength: 200 }), (size, steps) => {
      const { ram, setup, queue, driver } = rig(size);
      const offered: { id: number; bytes: number[] }[] = [];
      const taken: { chain: DescriptorChain; id: number }[] = [];
      const expected: { id: number; written: number }[] = [];
      let mark = 0;
      for (const one of steps) {
        if ("offer" in one) {
          const { sizes, readable, indirect } = one.offer;
          if (driver.free < (indirect ? 1 : sizes.length)) continue;
          const bytes: number[] = [];
          let at = (mark * 256) % 0x1_0000;
          mark++;
          const buffers = sizes.map((length, i) => {
            const writable = i >= readable;
            if (!writable) {
              for (let k = 0; k < length; k++) {
                bytes.push(ram.bytes[DATA - BASE + at + k] = (mark + k) & 0xff);
              }
            }
            const result = buffer(at, length, writable);
            at += length;
            return result;
          });
          offered.push({ id: driver.offer(buffers, { indirect }), bytes });
        } else if ("take" in one) {
          const chain = new DescriptorChain(ram.access, setup.size);
          const next = offered.shift();
          assertEquals(queue.pop(chain), next !== undefined);
          if (next === undefined) continue;
          assertEquals([chain.id, chain.readableBytes], [next.id, next.bytes.length]);
          const read = new Uint8Array(chain.readableBytes);
          chain.read(0, read);
          assertEquals([...read], next.bytes);
          taken.push({ chain, id: next.id });
        } else if (taken.length > 0) {
          const [{ chain, id }] = taken.splice(one.giveBack % taken.length, 1) as [typeof taken[0]];
          queue.push(chain, chain.writableBytes);
          expected.push({ id, written: chain.writableBytes });
          assertEquals(driver.reap(), [expected.at(-1)!]);
        }
      }
    }));
  });

  Deno.test(`${kind} queue: whatever is in memory, nothing but a QueueError comes of it, in bounded steps`, () => {
    fc.assert(fc.property(
      fc.uint8Array({ minLength: 0x6000, maxLength: 0x6000 }),
      fc.array(
        fc.tuple(fc.nat({ max: 0x5fff }), fc.constantFrom(0, 1, 2, 3, 4, 5, 7, 0x80, 0x81, 0x83, 0xff)),
      ),
      (noise, patches) => {
        const { ram, queue, chain } = rig(16, { eventIndex: noise[0]! > 127 });
        ram.bytes.set(noise);
        // Mostly sane addresses, or every chain would end at its first buffer.
        for (let i = 0; i < 16; i++) {
          ram.descriptor(BASE + 16 * i, DATA, noise[i]!, noise[i + 16]!, noise[i + 32]! & 0x83);
        }
        for (const [at, value] of patches) ram.bytes[at] = value;
        const before = ram.bytes.slice(0x2_0000);
        try {
          for (let i = 0; i < 100 && queue.pop(chain); i++) {
            assert(chain.count <= 16 && chain.slots <= 16);
            queue.push(chain, 0);
            queue.interruptWanted();
            queue.enableNotifications();
            queue.disableNotifications();
          }
        } catch (error) {
          if (!(error instanceof QueueError)) throw error;
        }
        assertEquals(ram.bytes.subarray(0x2_0000), before, "a queue writes to its rings only");
      },
    ));
  });

  Deno.test(`${kind} queue: rings that are no RAM or misaligned are refused`, () => {
    for (
      const wrong of [
        { descriptors: BASE + 8 },
        { descriptors: BASE + BYTES - 16 },
        { driver: BASE + 0x4001 },
        { device: BASE + 0x5002 },
        { device: 2 ** 53 },
        { driver: 0 },
        { size: 0 },
        { size: 65536 },
      ]
    ) assertThrows(() => rig(8, wrong), QueueError);
  });

  Deno.test(`${kind} queue: a driver that says so is not interrupted, and not asked to notify`, () => {
    const { ram, queue, driver, chain, setup } = rig(4);
    const give = () => {
      driver.offer([buffer(0, 1)]);
      queue.pop(chain);
      queue.push(chain, 0);
      driver.reap();
    };
    assertEquals(queue.interruptWanted(), false, "nothing was given back");
    give();
    assertEquals([queue.interruptWanted(), queue.interruptWanted()], [true, false]);
    if (kind === "split") ram.u16(setup.driver, 1);
    else ram.u16(setup.driver + 2, 1);
    give();
    assertEquals(queue.interruptWanted(), false);
    const flags = () => ram.u16(setup.device + (kind === "split" ? 0 : 2));
    queue.disableNotifications();
    assertEquals(flags(), 1);
    assertEquals(queue.enableNotifications(), false);
    assertEquals(flags(), 0);
    driver.offer([buffer(0, 1)]);
    assertEquals(queue.enableNotifications(), true, "what came meanwhile is not missed");
  });
}

Deno.test("split queue: with event indices the driver is interrupted at its event and not before", () => {
  const { ram, queue, driver, chain, setup } = KINDS.split(8, { eventIndex: true });
  const used = (count: number) => {
    for (let i = 0; i < count; i++) {
      driver.offer([buffer(0, 1)]);
      queue.pop(chain);
      queue.push(chain, 0);
      driver.reap();
    }
    return queue.interruptWanted();
  };
  ram.u16(setup.driver + 4 + 2 * 8, 2); // used_event: after the third
  assertEquals([used(2), used(1), used(1)], [false, true, false]);
  ram.u16(setup.driver + 4 + 2 * 8, 5);
  assertEquals(used(3), true);
  assertEquals(queue.enableNotifications(), false);
  assertEquals(ram.u16(setup.device + 4 + 8 * 8), 7, "avail_event is what the device waits for");
});

Deno.test("packed queue: with event indices the driver is interrupted at its event, across the end of the ring", () => {
  const { ram, queue, driver, chain, setup } = KINDS.packed(4, { eventIndex: true });
  const used = (count: number) => {
    for (let i = 0; i < count; i++) {
      driver.offer([buffer(0, 1)]);
      queue.pop(chain);
      queue.push(chain, 0);
      driver.reap();
    }
    return queue.interruptWanted();
  };
  ram.u16(setup.driver + 2, 2);
  ram.u16(setup.driver, 2 | 0x8000);
  assertEquals([used(2), used(1), used(1)], [false, true, false]);
  ram.u16(setup.driver, 1); // the second slot of the next round, whose wrap counter is 0
  assertEquals([used(1), used(1), used(1)], [false, true, false]);
});

Deno.test("split queue: broken rings are told from slow ones", () => {
  const { ram, queue, chain, setup } = KINDS.split(4);
  ram.u16(setup.driver + 2, 5);
  assertThrows(() => queue.pop(chain), QueueError, "5 requests in a queue of 4");
  ram.u16(setup.driver + 2, 1);
  ram.u16(setup.driver + 4, 4);
  assertThrows(() => queue.pop(chain), QueueError, "descriptor 4 of 4");
  ram.u16(setup.driver + 4, 0);
  ram.descriptor(BASE, DATA, 1, 1, 0); // its own next one
  assertThrows(() => queue.pop(chain), QueueError, "a chain of more than 4 buffers");
  ram.descriptor(BASE, DATA, 1, 3, 1);
  ram.descriptor(BASE + 16, DATA, 1, 0, 0);
  assertThrows(() => queue.pop(chain), QueueError, "a buffer to read after one to write");
  ram.descriptor(BASE, DATA, 17, 4, 0);
  assertThrows(() => queue.pop(chain), QueueError, "an indirect table of 17 bytes");
  ram.descriptor(BASE, BASE + 2 ** 52, 16, 0, 0);
  assertThrows(() => queue.pop(chain), QueueError, "is not RAM");
});

Deno.test("virtqueues: an event is passed when the index went over it, also past 65535", () => {
  fc.assert(
    fc.property(
      fc.nat({ max: 65535 }),
      fc.nat({ max: 65535 }),
      fc.nat({ max: 1000 }),
      (event, before, steps) => {
        let expected = false;
        for (let i = 0; i < steps; i++) expected ||= ((before + i) & 0xffff) === event;
        assertEquals(passed(event, before, (before + steps) & 0xffff), expected);
      },
    ),
  );
});
