import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { SECTOR } from "../../../src/virtio/block/config.ts";
import { ANSWER, REQUEST } from "../../../src/virtio/block/requests.ts";
import { COMMON_REGISTER as R } from "../../../src/virtio/pci_common.ts";
import { NO_VECTOR, STATUS } from "../../../src/virtio/state.ts";
import { ON } from "../pci/rig.ts";
import { BASE } from "./fake_driver.ts";
import { pattern } from "./memory_disk.ts";
import { CONFIG, LINE, SLOT, VirtioPciRig } from "./pci_rig.ts";

const OK = STATUS.ACKNOWLEDGE | STATUS.DRIVER | STATUS.FEATURES_OK | STATUS.DRIVER_OK;

/** A device that its driver found and set up. */
function ready(options: Parameters<VirtioPciRig["setUp"]>[0] = {}, queues = 1): VirtioPciRig {
  const rig = new VirtioPciRig({ queues });
  rig.find();
  assertEquals(rig.setUp(options), OK);
  return rig;
}

Deno.test("virtio-pci: a driver finds the device by its identity and its capabilities", () => {
  const rig = new VirtioPciRig({ queues: 3 }), { guest } = rig;
  rig.find();
  assertEquals([guest.config(SLOT, 0), guest.config(SLOT, 8), guest.config(SLOT, 0x2c)], [
    0x1042_1af4,
    0x0180_0001,
    0x1042_1af4,
  ]);
  assertEquals(
    [...rig.capabilities.values()].map(({ type, offset, length }) => [type, offset, length]),
    [[1, 0, 0x38], [2, 0x3000, 12], [3, 0x1000, 1], [4, 0x2000, 0x100], [5, 0, 0]],
  );
  const lengths = [...rig.capabilities.values()].map(({ at }) => guest.config(SLOT, at + 2, 1));
  assertEquals(lengths, [16, 20, 16, 16, 20]);
  assertEquals(guest.config(SLOT, rig.capabilities.get(2)!.at + 16), 4, "a doorbell for each queue");
  assertEquals(guest.config(SLOT, rig.msix + 2, 2), 3, "vectors for queues and configuration");
  assertEquals(guest.load(rig.at(4), 4), 64, "capacity in sectors");
  assertEquals([guest.load(rig.at(4, 20), 4), guest.load(rig.at(4, 20), 1)], [512, 0]);
  assertEquals(rig.common(R.QUEUES, 2), 3);
  for (const queue of [0, 2, 3, 0xffff]) {
    const there = queue < 3;
    rig.common(R.QUEUE_SELECT, 2, queue);
    assertEquals(
      [R.QUEUE_SIZE, R.QUEUE_VECTOR, R.QUEUE_ENABLE, R.QUEUE_NOTIFY_OFFSET].map((at) => rig.common(at, 2)),
      there ? [256, NO_VECTOR, 0, queue] : [0, NO_VECTOR, 0, 0],
    );
  }
});

Deno.test("virtio-pci: registers are read back, only whole ones, and a queue that is on stays where it is", () => {
  const rig = ready();
  rig.common(R.STATUS, 1, 0);
  assertEquals(rig.common(R.DRIVER_FEATURES_SELECT, 4, 1), 1);
  assertEquals(rig.common(R.DRIVER_FEATURES, 4, 0x55), 0x55);
  assertEquals([rig.common(R.QUEUE_SIZE, 4), rig.common(R.QUEUE_SIZE, 1), rig.common(R.STATUS, 2)], [
    0,
    0,
    0,
  ]);
  for (const [at, value] of [[R.QUEUE_DESCRIPTORS, 0x1000], [R.QUEUE_DEVICE + 4, 7]] as const) {
    assertEquals(rig.common(at, 4, value), value);
  }
  assertEquals(rig.common(R.QUEUE_SIZE, 2, 8), 8);
  assertEquals(rig.common(R.QUEUE_ENABLE, 2, 1), 1);
  assertEquals([rig.common(R.QUEUE_DESCRIPTORS, 4, 0), rig.common(R.QUEUE_SIZE, 2, 16)], [0x1000, 8]);
  assertEquals(rig.common(R.QUEUE_ENABLE, 2, 0), 1, "only a reset switches it off");
  assertEquals([rig.common(R.QUEUE_VECTOR, 2, 1), rig.common(R.QUEUE_VECTOR, 2, 2)], [1, NO_VECTOR]);
  assertEquals([rig.common(R.CONFIG_VECTOR, 2, 0), rig.common(R.CONFIG_VECTOR, 2, 9)], [0, NO_VECTOR]);
  rig.common(R.STATUS, 1, 0);
  assertEquals([rig.common(R.QUEUE_ENABLE, 2), rig.common(R.QUEUE_SIZE, 2)], [0, 256]);
});

for (const packed of [false, true]) {
  Deno.test(`virtio-pci, ${packed ? "packed" : "split"} ring: what is written is read, and each answer is a message`, () => {
    const rig = ready({ packed });
    for (let sector = 0; sector < 60; sector += 3) {
      const data = pattern(4 * SECTOR, sector);
      assertEquals(rig.request(REQUEST.OUT, sector, data).answer, ANSWER.OK);
      assertEquals(rig.request(REQUEST.IN, sector, 4 * SECTOR), { answer: ANSWER.OK, read: data });
    }
    const told = rig.bus.take();
    assert(told.length > 0);
    assertEquals(new Set(told), new Set(["msi 0xfee00000 0x0 0x41"]));
    assertEquals(rig.broken, []);
  });
}

Deno.test("virtio-pci: a message whose vector is masked waits, and a reset forgets it", () => {
  const rig = ready();
  rig.mask(1, true);
  rig.request(REQUEST.IN, 0, SECTOR);
  assertEquals(rig.bus.take(), []);
  rig.mask(1, false);
  assertEquals(rig.bus.take(), ["msi 0xfee00000 0x0 0x41"]);
  rig.mask(0, true);
  rig.registers.configChanged();
  rig.common(R.STATUS, 1, 0);
  rig.mask(0, false);
  assertEquals(rig.bus.take(), []);
  assertEquals(rig.setUp(), OK);
  const generation = rig.common(R.CONFIG_GENERATION, 1);
  rig.registers.configChanged();
  assertEquals(rig.bus.take(), ["msi 0xfee00000 0x0 0x40"]);
  assertEquals(rig.common(R.CONFIG_GENERATION, 1), generation + 1);
});

Deno.test("virtio-pci: without MSI-X the pin is high until the ISR register is read", () => {
  const rig = ready({ msix: false });
  rig.request(REQUEST.IN, 0, SECTOR);
  assertEquals(rig.bus.take(), [`line ${LINE} 1`]);
  assertEquals(rig.guest.config(SLOT, CONFIG.STATUS, 2) & 8, 8);
  rig.registers.configChanged();
  assertEquals(rig.isr(), 3);
  assertEquals(rig.bus.take(), [`line ${LINE} 0`]);
  assertEquals(rig.isr(), 0);
  rig.guest.setConfig(SLOT, CONFIG.COMMAND, 2, ON.MEMORY | ON.BUS_MASTER | ON.INTX_DISABLE);
  rig.registers.configChanged();
  assertEquals(rig.bus.take(), []);
  rig.guest.setConfig(SLOT, CONFIG.COMMAND, 2, ON.MEMORY | ON.BUS_MASTER);
  assertEquals(rig.bus.take(), [`line ${LINE} 1`]);
  rig.common(R.STATUS, 1, 0);
  assertEquals(rig.bus.take(), [`line ${LINE} 0`], "a reset lowers it");
});

Deno.test("virtio-pci: a queue without a vector interrupts nobody, while MSI-X is on", () => {
  const rig = ready();
  rig.common(R.QUEUE_VECTOR, 2, NO_VECTOR);
  assertEquals(rig.request(REQUEST.IN, 0, SECTOR).answer, ANSWER.OK);
  assertEquals(rig.bus.take(), []);
});

Deno.test("virtio-pci: a doorbell is its address: any width, any value, wherever the BAR is", () => {
  const rig = ready();
  const data = pattern(SECTOR, 1);
  rig.request(REQUEST.OUT, 0, data);
  rig.guest.setConfig(SLOT, CONFIG.BAR0, 4, 0xf000_0000);
  rig.bar = 0xf000_0000;
  for (const [width, value] of [[1, 7], [2, 5], [4, 0xffff_ffff]] as const) {
    const seen = rig.ram.u16(BASE + 0x5002);
    rig.driver.offer([{ gpa: BASE + 0x2_0000, length: 16, writable: false }, {
      gpa: BASE + 0x3_f000,
      length: 1,
      writable: true,
    }]);
    rig.guest.store(rig.at(2, 4), width, value); // that of a queue which is not there
    rig.guest.store(rig.at(2, 1), 1, value);
    assertEquals(rig.ram.u16(BASE + 0x5002), seen);
    rig.guest.store(rig.at(2), width, value);
    assertEquals(rig.ram.u16(BASE + 0x5002), seen + 1);
  }
  assertEquals(rig.guest.load(rig.at(2), 4), 0);
});

Deno.test("virtio-pci: firmware reaches all of it through configuration space, without decoding", () => {
  const rig = new VirtioPciRig(), { guest } = rig;
  rig.find({ command: 0 });
  const { at } = rig.capabilities.get(5)!;
  const aim = (offset: number, length: number, bar = 0) => {
    guest.setConfig(SLOT, at + 4, 1, bar);
    guest.setConfig(SLOT, at + 8, 4, offset);
    guest.setConfig(SLOT, at + 12, 4, length);
  };
  const read = (offset: number, length: number) => (aim(offset, length), guest.config(SLOT, at + 16, length));
  const write = (offset: number, length: number, value: number) => {
    aim(offset, length);
    guest.setConfig(SLOT, at + 16, length, value);
  };
  assertEquals([read(R.QUEUES, 2), read(0x2000, 4)], [1, 64]);
  write(R.STATUS, 1, 3);
  assertEquals([read(R.STATUS, 1), rig.registers.status], [3, 3]);
  write(0x4008, 4, 0x1234);
  assertEquals(read(0x4008, 4), 0x1234, "MSI-X too");
  for (
    const [offset, length, bar] of [[0, 3, 0], [0x200a, 4, 0], [0x8000, 4, 0], [R.STATUS, 1, 1], [0, 0, 0]]
  ) {
    aim(offset!, length!, bar);
    guest.setConfig(SLOT, at + 16, 4, 0xff);
    assertEquals(guest.config(SLOT, at + 16), 0);
  }
  aim(0x2000, 4);
  assertEquals([guest.config(SLOT, at + 16, 1), guest.config(SLOT, at + 18, 2)], [0, 0], "as a whole only");
  assertEquals(rig.registers.status, 3);
});

Deno.test("virtio-pci: the worker's interrupts wait for neither the bus's nor the device's lock", () => {
  for (const msix of [true, false]) {
    const rig = ready({ msix });
    // Both are held, as by a vCPU that resets the device: taking one again would never return.
    rig.guest.pci.locked(() => rig.device.locked(() => rig.registers.interruptForQueue(0)));
    assertEquals(rig.bus.take(), [msix ? "msi 0xfee00000 0x0 0x41" : `line ${LINE} 1`]);
  }
});

Deno.test("virtio-pci: a broken ring takes the device down until it is reset, and nothing else", () => {
  const rig = ready();
  rig.ram.u16(BASE + 0x4002, 999);
  rig.guest.store(rig.at(2), 2, 0);
  assertEquals(rig.broken, ["999 requests in a queue of 16"]);
  assertEquals(rig.common(R.STATUS, 1), OK | STATUS.NEEDS_RESET);
  assertEquals(rig.bus.take(), ["msi 0xfee00000 0x0 0x40"]);
  rig.ram.bytes.fill(0);
  assertEquals(rig.setUp(), OK);
  assertEquals(rig.request(REQUEST.IN, 0, SECTOR).answer, ANSWER.OK);
});

Deno.test("virtio-pci: any accesses at all leave a device that can be found and set up", () => {
  const access = fc.record({
    where: fc.constantFrom("bar", "config", "window"),
    offset: fc.oneof(
      fc.nat({ max: 0x7fff }),
      fc.constantFrom(...Object.values(R)),
      fc.constantFrom(0x1000, 0x2020, 0x3000, 0x3004, 0x4000, 0x400c, 0x5000),
    ),
    width: fc.constantFrom(1, 2, 4),
    value: fc.oneof(
      fc.nat({ max: 0xffff_ffff }),
      fc.constantFrom(0, 1, 2, 3, 4, 8, 11, 15, 64, 128, BASE, BASE + 0x4000, 0x8000, NO_VECTOR),
    ),
    write: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(access, { maxLength: 100 }), (accesses) => {
      const rig = new VirtioPciRig({ queues: 2 }), { guest } = rig;
      rig.find();
      const { at } = rig.capabilities.get(5)!;
      for (const { where, offset, width, value, write } of accesses) {
        const masked = width === 4 ? value : value % 2 ** (8 * width);
        if (where === "window") guest.setConfig(SLOT, at + 8, 4, offset);
        const register = where === "window" ? at + 16 : (offset & 0xff & -width);
        if (where === "bar") {
          if (write) guest.store(rig.bar + offset, width, masked);
          else assert(guest.load(rig.bar + offset, width) >= 0);
        } else if (write) guest.setConfig(SLOT, register, width, masked);
        else assert(guest.config(SLOT, register, width) >= 0);
      }
      const faults = rig.broken.filter((one) => typeof one !== "string");
      assertEquals(faults, [], "nothing threw");
      rig.ram.bytes.fill(0);
      guest.setConfig(SLOT, CONFIG.BAR0, 4, 0xe010_0000);
      rig.find();
      assertEquals(rig.setUp(), OK);
      assertEquals(rig.request(REQUEST.OUT, 1, pattern(SECTOR, 3)).answer, ANSWER.OK);
      assertEquals(rig.bus.log.filter((line) => line.includes("broken")), []);
    }),
    { numRuns: 300 },
  );
});
