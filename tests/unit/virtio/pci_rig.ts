/** A block device on a PCI bus, worked on this thread, with a driver that finds it and sets it up as Linux does. */
import { assertEquals } from "@std/assert";
import { IoVector } from "../../../ffi/iovec.ts";
import { Lock } from "../../../src/state/lock.ts";
import { Attachment } from "../../../src/bus/attachment.ts";
import { BlockConfig, BlockModel, initializeBlock } from "../../../src/virtio/block/config.ts";
import { BlockRequests } from "../../../src/virtio/block/requests.ts";
import { DeviceQueues } from "../../../src/virtio/device_queues.ts";
import { FEATURE } from "../../../src/virtio/features.ts";
import { COMMON_REGISTER as R } from "../../../src/virtio/pci_common.ts";
import { PciInterrupt } from "../../../src/virtio/pci_interrupt.ts";
import { virtioFunction } from "../../../src/virtio/pci_layout.ts";
import { serveVirtio, VirtioPci } from "../../../src/virtio/pci_transport.ts";
import { resetVirtio, VirtioRegisters } from "../../../src/virtio/registers.ts";
import { STATUS, VirtioState } from "../../../src/virtio/state.ts";
import { ON, pciRig } from "../pci/rig.ts";
import { FakeRam, PackedDriver, SplitDriver } from "./fake_driver.ts";
import { type Answer, MemoryDisk, offerRequest, takeAnswer } from "./memory_disk.ts";

/** Where the device is. */
export const SLOT = 1;
/** Its line. */
export const LINE = 17;

/** Offsets in configuration space. */
export const CONFIG = { COMMAND: 0x04, STATUS: 0x06, BAR0: 0x10, CAPABILITIES: 0x34 } as const;

/** A vendor capability as the driver reads it. */
export interface Found {
  readonly at: number;
  readonly type: number;
  readonly offset: number;
  readonly length: number;
}

export class VirtioPciRig {
  readonly ram = new FakeRam();
  readonly bus = pciRig({ empty: true });
  readonly guest = this.bus.owner;
  readonly disk: MemoryDisk;
  readonly registers: VirtioRegisters;
  readonly device: Attachment<VirtioPci>;
  readonly queues: DeviceQueues;
  readonly broken: unknown[] = [];
  driver!: SplitDriver | PackedDriver;
  /** What {@link find} found: capabilities by type, and where the BAR is. */
  capabilities: ReadonlyMap<number, Found> = new Map();
  msix = 0;
  bar = 0;

  constructor({ queues = 1, sectors = 64 } = {}) {
    this.disk = new MemoryDisk(sectors);
    const settings = { size: this.disk.size, readOnly: false, queues };
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
    const { root } = this.guest;
    const pciFunction = root.attach(SLOT, virtioFunction(model));
    const interrupt = new PciInterrupt(pciFunction, state);
    this.registers = new VirtioRegisters(state, model, work, interrupt);
    const words = new Int32Array(new SharedArrayBuffer(8));
    this.device = new Attachment(
      "virtio0",
      new VirtioPci(this.registers, interrupt),
      new Lock(words, 0),
      words,
      1,
      (_, error) => this.broken.push(error),
    );
    serveVirtio(pciFunction, this.device);
    root.powerOn();
    const requests = new BlockRequests(this.disk, new IoVector(64), config, "serial-1");
    this.queues = new DeviceQueues(
      this.registers,
      this.ram.access,
      requests,
      ({ message }) => this.broken.push(message),
    );
  }

  /** Walks the capabilities, and switches decoding and mastering on. */
  find({ command = ON.MEMORY | ON.BUS_MASTER } = {}): void {
    const { guest } = this, found = new Map<number, Found>();
    let at = guest.config(SLOT, CONFIG.CAPABILITIES, 1);
    for (; at !== 0; at = guest.config(SLOT, at + 1, 1)) {
      if (guest.config(SLOT, at, 1) === 0x11) this.msix = at;
      if (guest.config(SLOT, at, 1) !== 0x09) continue;
      const type = guest.config(SLOT, at + 3, 1);
      if (type !== 5) {
        assertEquals(guest.config(SLOT, at + 4, 1), 0, "BAR 0; that of the window is its driver's");
      }
      found.set(type, { at, type, offset: guest.config(SLOT, at + 8), length: guest.config(SLOT, at + 12) });
    }
    this.capabilities = found;
    guest.setConfig(SLOT, CONFIG.COMMAND, 2, command);
    this.bar = guest.bar(SLOT, 0);
    this.bus.take();
  }

  /** Where a register of a capability's is. */
  at(type: number, offset = 0): number {
    return this.bar + this.capabilities.get(type)!.offset + offset;
  }
  /** A register of the common configuration. */
  common(offset: number, width: number, value?: number): number {
    const at = this.at(1, offset);
    if (value !== undefined) this.guest.store(at, width, value);
    return this.guest.load(at, width);
  }

  /** Switches MSI-X on, each vector with the message 0xfee00000, 0x40 and its number. */
  useMsix(): void {
    const { guest } = this, table = this.bar + guest.config(SLOT, this.msix + 4);
    const vectors = (guest.config(SLOT, this.msix + 2, 2) & 0x7ff) + 1;
    guest.setConfig(SLOT, this.msix + 2, 2, 0x8000);
    for (let vector = 0; vector < vectors; vector++) {
      [0xfee0_0000, 0, 0x40 + vector, 0].forEach((word, i) =>
        guest.store(table + 16 * vector + 4 * i, 4, word)
      );
    }
  }
  /** Masks a vector, or unmasks it. */
  mask(vector: number, masked: boolean): void {
    const table = this.bar + this.guest.config(SLOT, this.msix + 4);
    this.guest.store(table + 16 * vector + 12, 4, masked ? 1 : 0);
  }

  /** What a driver does (3.1.1) behind {@link find}. Returns the status that it ends with. */
  setUp({ packed = false, msix = true, size = 16 } = {}): number {
    const { ram } = this;
    this.common(R.STATUS, 1, 0);
    this.common(R.STATUS, 1, STATUS.ACKNOWLEDGE | STATUS.DRIVER);
    for (const word of [0, 1]) {
      this.common(R.DEVICE_FEATURES_SELECT, 4, word);
      let bits = this.common(R.DEVICE_FEATURES, 4);
      if (!packed && word === 1) bits &= ~(1 << (FEATURE.RING_PACKED & 31));
      this.common(R.DRIVER_FEATURES_SELECT, 4, word);
      this.common(R.DRIVER_FEATURES, 4, bits >>> 0);
    }
    this.common(R.STATUS, 1, STATUS.ACKNOWLEDGE | STATUS.DRIVER | STATUS.FEATURES_OK);
    if (msix) {
      this.useMsix();
      assertEquals(this.common(R.CONFIG_VECTOR, 2, 0), 0);
    } else this.guest.setConfig(SLOT, this.msix + 2, 2, 0);
    const setup = ram.setup(size, { eventIndex: true });
    this.common(R.QUEUE_SELECT, 2, 0);
    this.common(R.QUEUE_SIZE, 2, size);
    if (msix) assertEquals(this.common(R.QUEUE_VECTOR, 2, 1), 1);
    [[R.QUEUE_DESCRIPTORS, setup.descriptors], [R.QUEUE_DRIVER, setup.driver], [R.QUEUE_DEVICE, setup.device]]
      .forEach(([register, address]) => {
        this.common(register!, 4, address!);
        this.common(register! + 4, 4, 0);
      });
    this.common(R.QUEUE_ENABLE, 2, 1);
    this.driver = packed ? new PackedDriver(ram, setup) : new SplitDriver(ram, setup);
    this.common(R.STATUS, 1, this.common(R.STATUS, 1) | STATUS.DRIVER_OK);
    this.bus.take();
    return this.common(R.STATUS, 1);
  }

  /** One request, rung for at queue 0's doorbell. */
  request(type: number, sector: number, data: Uint8Array | number): Answer {
    offerRequest(this.ram, this.driver, type, sector, data);
    this.guest.store(this.at(2), 2, 0);
    return takeAnswer(this.ram, this.driver, typeof data === "number" ? data : data.length);
  }

  /** Reads the ISR register. */
  isr(): number {
    return this.guest.load(this.at(3), 1);
  }
}
