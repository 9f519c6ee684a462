import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { ERRNO } from "../../../ffi/errno.ts";
import { IoVector } from "../../../ffi/iovec.ts";
import { BlockConfig, BlockModel, initializeBlock, SECTOR } from "../../../src/virtio/block/config.ts";
import { ANSWER, BlockRequests, REQUEST } from "../../../src/virtio/block/requests.ts";
import { DeviceQueues } from "../../../src/virtio/device_queues.ts";
import { FEATURE } from "../../../src/virtio/features.ts";
import { MMIO_REGISTER as R, VirtioMmio } from "../../../src/virtio/mmio_transport.ts";
import { resetVirtio, VirtioRegisters } from "../../../src/virtio/registers.ts";
import { STATUS, VirtioState } from "../../../src/virtio/state.ts";
import { BASE, FakeRam, PackedDriver, SplitDriver } from "./fake_driver.ts";
import { type Answer, MemoryDisk, offerRequest, pattern, takeAnswer } from "./memory_disk.ts";

/** A block device behind MMIO, worked on this thread, with a driver that sets it up as Linux does. */
class Rig {
  readonly ram = new FakeRam();
  readonly mmio: VirtioMmio;
  readonly registers: VirtioRegisters;
  readonly disk: MemoryDisk;
  readonly queues: DeviceQueues;
  readonly broken: string[] = [];
  interrupts = 0;
  driver!: SplitDriver | PackedDriver;

  constructor({ sectors = 64, readOnly = false } = {}) {
    this.disk = new MemoryDisk(sectors, readOnly);
    const settings = { size: this.disk.size, readOnly, queues: 1 };
    const config = BlockConfig.at(new SharedArrayBuffer(BlockConfig.size));
    initializeBlock(config, settings);
    const model = new BlockModel(config, settings);
    const state = VirtioState.at(new SharedArrayBuffer(VirtioState.size));
    resetVirtio(state, model);
    const work = {
      start: () => this.queues.start(),
      stop: () => this.queues.stop(),
      notify: (queue: number) => this.queues.run(queue),
    };
    this.registers = new VirtioRegisters(state, model, work, { signal: () => void this.interrupts++ });
    this.mmio = new VirtioMmio(this.registers);
    const requests = new BlockRequests(this.disk, new IoVector(64), config, "serial-1");
    this.queues = new DeviceQueues(
      this.registers,
      this.ram.access,
      requests,
      ({ message }) => this.broken.push(message),
    );
  }

  read(offset: number): number {
    return this.mmio.read(offset, 4);
  }
  write(offset: number, value: number): void {
    this.mmio.write(offset, 4, value);
  }

  /** What a driver does (3.1.1). Returns the status that it ends with. */
  setUp({ packed = false, without = [] as number[], size = 16 } = {}): number {
    const { ram } = this;
    this.write(R.STATUS, 0);
    this.write(R.STATUS, STATUS.ACKNOWLEDGE | STATUS.DRIVER);
    for (const word of [0, 1]) {
      this.write(R.DEVICE_FEATURES_SELECT, word);
      let bits = this.read(R.DEVICE_FEATURES);
      for (const bit of [...without, ...(packed ? [] : [FEATURE.RING_PACKED])]) {
        if (bit >> 5 === word) bits &= ~(1 << (bit & 31));
      }
      this.write(R.DRIVER_FEATURES_SELECT, word);
      this.write(R.DRIVER_FEATURES, bits >>> 0);
    }
    this.write(R.STATUS, STATUS.ACKNOWLEDGE | STATUS.DRIVER | STATUS.FEATURES_OK);
    const setup = ram.setup(size, { eventIndex: true });
    this.write(R.QUEUE_SELECT, 0);
    this.write(R.QUEUE_SIZE, size);
    this.write(R.QUEUE_DESCRIPTORS, setup.descriptors);
    this.write(R.QUEUE_DRIVER, setup.driver);
    this.write(R.QUEUE_DEVICE, setup.device);
    this.write(R.QUEUE_READY, 1);
    this.driver = packed ? new PackedDriver(ram, setup) : new SplitDriver(ram, setup);
    this.write(R.STATUS, this.read(R.STATUS) | STATUS.DRIVER_OK);
    return this.read(R.STATUS);
  }

  /** One request; `data` is written to the disk, or `length` bytes are read. Returns the answer and what was read. */
  request(type: number, sector: number, data: Uint8Array | number): Answer {
    offerRequest(this.ram, this.driver, type, sector, data);
    this.write(R.QUEUE_NOTIFY, 0);
    return takeAnswer(this.ram, this.driver, typeof data === "number" ? data : data.length);
  }
}

const OK = STATUS.ACKNOWLEDGE | STATUS.DRIVER | STATUS.FEATURES_OK | STATUS.DRIVER_OK;

Deno.test("virtio-mmio: a driver finds the device, and sets it up", () => {
  const rig = new Rig();
  assertEquals([rig.read(R.MAGIC), rig.read(R.VERSION), rig.read(R.DEVICE_ID)], [0x74726976, 2, 2]);
  assertEquals(rig.read(R.CONFIG), 64, "capacity in sectors");
  assertEquals([rig.mmio.read(R.CONFIG + 20, 4), rig.mmio.read(R.CONFIG + 20, 1)], [512, 0]);
  assertEquals(rig.setUp(), OK);
  assertEquals(rig.read(R.QUEUE_SIZE_MAX), 256);
  rig.write(R.QUEUE_SELECT, 1);
  assertEquals([rig.read(R.QUEUE_SIZE_MAX), rig.read(R.QUEUE_READY)], [0, 0]);
  rig.write(R.STATUS, 0);
  assertEquals([rig.read(R.STATUS), rig.read(R.QUEUE_READY)], [0, 0]);
  assertEquals(rig.setUp({ packed: true }), OK, "after a reset all is as at first");
});

Deno.test("virtio-mmio: features that were not offered, or those of the last century, are not taken", () => {
  const rig = new Rig();
  assertEquals(rig.setUp({ without: [FEATURE.VERSION_1] }) & STATUS.FEATURES_OK, 0);
  rig.write(R.STATUS, 0);
  rig.write(R.DRIVER_FEATURES_SELECT, 0);
  rig.write(R.DRIVER_FEATURES, 1); // SIZE_MAX
  rig.write(R.DRIVER_FEATURES_SELECT, 1);
  rig.write(R.DRIVER_FEATURES, 1);
  rig.write(R.STATUS, 3 | STATUS.FEATURES_OK);
  assertEquals(rig.read(R.STATUS), 3);
});

for (const packed of [false, true]) {
  Deno.test(`virtio-blk, ${packed ? "packed" : "split"} ring: what is written is read, and the driver is interrupted`, () => {
    const rig = new Rig();
    rig.setUp({ packed });
    for (let sector = 0; sector < 60; sector += 3) {
      const data = pattern(4 * SECTOR, sector);
      assertEquals(rig.request(REQUEST.OUT, sector, data).answer, ANSWER.OK);
      const { answer, read } = rig.request(REQUEST.IN, sector, 4 * SECTOR);
      assertEquals([answer, read], [ANSWER.OK, data]);
    }
    assert(rig.interrupts > 0);
    assertEquals(rig.read(R.INTERRUPT_STATUS), 1);
    rig.write(R.INTERRUPT_ACK, 1);
    assertEquals(rig.read(R.INTERRUPT_STATUS), 0);
    const id = rig.request(REQUEST.GET_ID, 0, 20);
    assertEquals(new TextDecoder().decode(id.read).replaceAll("\0", ""), "serial-1");
    assertEquals(rig.request(REQUEST.FLUSH, 0, 0).answer, ANSWER.OK);
    assertEquals(rig.disk.flushes, 1);
    assertEquals(rig.request(99, 0, 0).answer, ANSWER.UNSUPPORTED);
    assertEquals(rig.broken, []);
  });
}

Deno.test("virtio-blk: past the end, in parts of sectors, on a read-only or failing disk: an error, and life goes on", () => {
  const rig = new Rig();
  rig.setUp();
  for (const [sector, length] of [[64, SECTOR], [63, 2 * SECTOR], [2 ** 54, SECTOR], [0, 100]] as const) {
    assertEquals(rig.request(REQUEST.IN, sector, length).answer, ANSWER.IOERR);
    assertEquals(rig.request(REQUEST.OUT, sector, new Uint8Array(length)).answer, ANSWER.IOERR);
  }
  rig.disk.errno = ERRNO.ENOSPC;
  assertEquals(rig.request(REQUEST.OUT, 0, new Uint8Array(SECTOR)).answer, ANSWER.IOERR);
  assertEquals(rig.request(REQUEST.FLUSH, 0, 0).answer, ANSWER.IOERR);
  rig.disk.errno = 0;
  assertEquals(rig.request(REQUEST.OUT, 0, pattern(SECTOR, 1)).answer, ANSWER.OK);
  const readOnly = new Rig({ readOnly: true });
  readOnly.setUp();
  assertEquals(readOnly.request(REQUEST.OUT, 0, new Uint8Array(SECTOR)).answer, ANSWER.IOERR);
  assertEquals(readOnly.request(REQUEST.IN, 0, SECTOR).answer, ANSWER.OK);
});

Deno.test("virtio-blk: ranges are discarded and zeroed", () => {
  const rig = new Rig();
  rig.setUp();
  rig.disk.bytes.fill(1);
  const range = (sector: number, count: number, flags = 0) => {
    const bytes = new DataView(new ArrayBuffer(16));
    bytes.setUint32(0, sector, true);
    bytes.setUint32(8, count, true);
    bytes.setUint32(12, flags, true);
    return new Uint8Array(bytes.buffer);
  };
  const erase = (type: number, ...ranges: Uint8Array[]) =>
    rig.request(type, 0, Uint8Array.from(ranges.flatMap((one) => [...one]))).answer;
  assertEquals(erase(REQUEST.DISCARD, range(8, 8), range(32, 1)), ANSWER.OK);
  assertEquals(erase(REQUEST.WRITE_ZEROES, range(0, 1, 1)), ANSWER.OK);
  assertEquals([0, 1, 8, 15, 16, 32].map((sector) => rig.disk.bytes[sector * SECTOR]), [
    0,
    1,
    0xdd,
    0xdd,
    1,
    0xdd,
  ]);
  assertEquals(erase(REQUEST.DISCARD, range(63, 2)), ANSWER.IOERR);
  assertEquals(erase(REQUEST.DISCARD, range(0, 1, 1)), ANSWER.UNSUPPORTED);
  assertEquals(erase(REQUEST.WRITE_ZEROES, range(0, 1, 2)), ANSWER.UNSUPPORTED);
  assertEquals(erase(REQUEST.WRITE_ZEROES, range(0, 2 ** 31)), ANSWER.IOERR);
  assertEquals(rig.request(REQUEST.DISCARD, 0, new Uint8Array(17)).answer, ANSWER.IOERR);
});

Deno.test("virtio-blk: a driver that knows no flush finds every write kept", () => {
  const rig = new Rig();
  rig.setUp({ without: [9, 11] }); // FLUSH, CONFIG_WCE
  rig.request(REQUEST.OUT, 0, new Uint8Array(SECTOR));
  assertEquals(rig.disk.flushes, 1);
  rig.setUp();
  rig.request(REQUEST.OUT, 0, new Uint8Array(SECTOR));
  assertEquals(rig.disk.flushes, 1);
  rig.mmio.write(R.CONFIG + 32, 1, 0); // writeback off
  rig.request(REQUEST.OUT, 0, new Uint8Array(SECTOR));
  assertEquals(rig.disk.flushes, 2);
});

Deno.test("virtio-blk: a broken ring takes the device down until it is reset, and nothing else", () => {
  const rig = new Rig();
  rig.setUp();
  rig.ram.u16(BASE + 0x4002, 999);
  rig.write(R.QUEUE_NOTIFY, 0);
  assertEquals(rig.broken, ["999 requests in a queue of 16"]);
  assertEquals(rig.read(R.STATUS) & STATUS.NEEDS_RESET, STATUS.NEEDS_RESET);
  assertEquals(rig.read(R.INTERRUPT_STATUS) & 2, 2);
  rig.ram.bytes.fill(0);
  assertEquals(rig.setUp(), OK);
  assertEquals(rig.request(REQUEST.IN, 0, SECTOR).answer, ANSWER.OK);
  assertEquals(rig.setUp({ size: 300 }) & STATUS.NEEDS_RESET, STATUS.NEEDS_RESET, "no power of two");
});

Deno.test("virtio-mmio: any accesses at all leave a device that can be set up", () => {
  const access = fc.record({
    offset: fc.oneof(fc.nat({ max: 0x1ff }), fc.constantFrom(...Object.values(R))),
    width: fc.constantFrom(1, 2, 4),
    value: fc.oneof(
      fc.nat({ max: 0xffff_ffff }),
      fc.constantFrom(0, 1, 2, 3, 4, 8, 11, 15, 64, 128, BASE, BASE + 0x4000),
    ),
    write: fc.boolean(),
  });
  fc.assert(fc.property(fc.array(access, { maxLength: 100 }), (accesses) => {
    const rig = new Rig();
    for (const { offset, width, value, write } of accesses) {
      if (write) rig.mmio.write(offset, width, width === 4 ? value : value % 2 ** (8 * width));
      else {
        const read = rig.mmio.read(offset, width);
        assert(read >= 0 && read <= 0xffff_ffff);
      }
    }
    rig.ram.bytes.fill(0);
    assertEquals(rig.setUp(), OK);
    assertEquals(rig.request(REQUEST.OUT, 1, pattern(SECTOR, 3)).answer, ANSWER.OK);
  }));
});
