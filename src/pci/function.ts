/**
 * A PCI function: its configuration space, its BARs and its interrupts.
 *
 * @module
 */

import type { IoDevice, IrqPin, MsiSender } from "../bus/device.ts";
import type { Lock } from "../state/lock.ts";
import { Bar } from "./bar.ts";
import { composeConfig, type ComposedConfig, pendingBytes } from "./config_image.ts";
import { Intx } from "./intx.ts";
import { Msix } from "./msix.ts";
import { BARS, COMMAND, CONFIG, CONFIG_SIZE, MSIX_CAPABILITY, MSIX_ENTRY } from "./registers.ts";
import type { FunctionSpec } from "./spec.ts";
import type { PciSlotView } from "./state.ts";

/** What a function needs of its bus. */
export interface FunctionLinks {
  /** What its interrupts change under. */
  readonly interruptLock: Lock;
  readonly pin: IrqPin;
  /** What firmware leaves in the interrupt line register. */
  readonly interruptLine: number;
  readonly msi: MsiSender;
  /** Where the bus lets a BAR of so many bytes at that address be seen: the address, or −1 for nowhere. */
  decode(address: number, size: number): number;
  /** A BAR has appeared, moved, or gone (−1). Under the bus's lock. */
  barMoved(pciFunction: PciFunction, bar: number, address: number): void;
  /** See `PciLinks.onVectorChanged`. Under the bus's lock. */
  vectorChanged(pciFunction: PciFunction, vector: number): void;
  /** There is something else behind a BAR, in this isolate. */
  served(): void;
}

/** A part of a BAR with the device that answers there. */
export interface BarRegion {
  readonly bar: Bar;
  readonly offset: number;
  readonly length: number;
  readonly device: IoDevice;
}

/** A part of configuration space whose bytes a device makes itself. */
interface LiveRange {
  readonly start: number;
  readonly end: number;
  readonly device: IoDevice;
}

const ALWAYS = () => true, NEVER = () => false;

/** The only function (0) of a slot. Every isolate has its own object, over the slot's state. */
export class PciFunction {
  readonly bars: readonly Bar[];
  /** Undefined unless declared. */
  readonly msix: Msix | undefined;
  /** Offsets of the capabilities that were declared, in their order. */
  readonly capabilities: readonly number[];
  readonly #state: PciSlotView;
  readonly #image: ComposedConfig;
  readonly #config: Uint8Array;
  readonly #words: DataView;
  readonly #intx: Intx;
  readonly #links: FunctionLinks;
  readonly #regions: BarRegion[] = [];
  readonly #live: LiveRange[] = [];
  /** Where the BARs were before a write; its own array, since one is needed for each write. */
  readonly #before = new Float64Array(BARS);

  /** Changes nothing in `state`. @throws {RangeError} if the declaration contradicts itself. */
  constructor(
    /** Its device number. */
    readonly slot: number,
    state: PciSlotView,
    spec: FunctionSpec,
    links: FunctionLinks,
  ) {
    this.#state = state;
    this.#links = links;
    this.#image = composeConfig(spec, links.interruptLine);
    this.#config = state.config;
    this.#words = new DataView(this.#config.buffer, this.#config.byteOffset, CONFIG_SIZE);
    this.bars = (spec.bars ?? []).map((bar) => new Bar(bar, this.#words));
    this.capabilities = this.#image.capabilities;
    this.#intx = new Intx(this.#words, links.pin);
    if (spec.msix === undefined) return;
    const { vectors, bar, tableOffset, pendingOffset } = spec.msix;
    const changed = (vector: number) => links.vectorChanged(this, vector);
    this.msix = new Msix(
      state,
      this.#words,
      this.#image.msix,
      vectors,
      links.interruptLock,
      links.msi,
      changed,
    );
    this.serve(bar, tableOffset, vectors * MSIX_ENTRY.SIZE, this.msix.table);
    this.serve(bar, pendingOffset, pendingBytes(vectors), this.msix.pendingBits);
  }

  /** What lies behind the BARs. */
  get regions(): readonly BarRegion[] {
    return this.#regions;
  }

  /** The guest can see it. */
  get present(): boolean {
    return this.#state.present !== 0;
  }

  /** The guest lets it read and write memory. */
  get busMaster(): boolean {
    return (this.#words.getUint16(CONFIG.COMMAND, true) & COMMAND.BUS_MASTER) !== 0;
  }

  /**
   * Has a device answer at a part of a BAR, in its own offsets. It is called with the bus's lock held and takes its
   * own: an `Attachment` does. Parts that nobody serves read as zero.
   *
   * @throws {RangeError} if there is no such part, or it is served already.
   */
  serve(bar: number, offset: number, length: number, device: IoDevice): void {
    const found = this.bars.find(({ index }) => index === bar);
    const fits = found !== undefined && offset >= 0 && length > 0 && offset + length <= found.size;
    const clash = this.#regions.some((other) =>
      other.bar === found && offset < other.offset + other.length && other.offset < offset + length
    );
    if (!fits || clash) throw new RangeError(`BAR ${bar}: 0x${offset.toString(16)} + ${length} is not free`);
    this.#regions.push({ bar: found, offset, length, device });
    this.#links.served();
  }

  /**
   * Has a device answer at a part of configuration space, in its own offsets, instead of the bytes there: for windows
   * such as that of virtio's PCI configuration access capability. An access that is not wholly in it goes to the bytes.
   */
  serveConfig(offset: number, length: number, device: IoDevice): void {
    this.#live.push({ start: offset, end: offset + length, device });
  }

  /** Raises or lowers the pin. Callable from any worker, also under the device's lock. */
  setIntx(high: boolean): void {
    this.followIntx(high ? ALWAYS : NEVER);
  }

  /**
   * Sets the pin to what is wanted, which is asked under the interrupt lock: of two threads that change it and call
   * this, the later one leaves the pin as it should be, whatever the order of their changes. Callable as `setIntx`.
   */
  followIntx(wanted: () => boolean): void {
    this.#links.interruptLock.acquire();
    try {
      // One that was ejected no longer has a pin, whatever its device still does.
      this.#intx.want(this.present && wanted());
      this.#intx.update(this.msix?.enabled === true);
    } finally {
      this.#links.interruptLock.release();
    }
  }

  /** Where a BAR can be accessed now, −1 if nowhere. Under the bus's lock. */
  decoded(bar: Bar): number {
    const answers = this.present && (this.#words.getUint16(CONFIG.COMMAND, true) & COMMAND.MEMORY) !== 0;
    return answers ? this.#links.decode(bar.address, bar.size) : -1;
  }

  /** Reads configuration space: `width` (1, 2 or 4) bytes at a multiple of it. Under the bus's lock. */
  readConfig(offset: number, width: number): number {
    const live = this.#liveAt(offset, width);
    if (live !== undefined) return live.device.read(offset - live.start, width);
    if (offset >= CONFIG_SIZE) return 0; // no extended capabilities (PCIe 4.0 §7.6.1)
    if (width === 4) return this.#words.getUint32(offset, true);
    return width === 2 ? this.#words.getUint16(offset, true) : this.#words.getUint8(offset);
  }

  /** Writes configuration space, as {@link readConfig} reads it. Under the bus's lock. */
  writeConfig(offset: number, width: number, value: number): void {
    const live = this.#liveAt(offset, width);
    if (live !== undefined) return live.device.write(offset - live.start, width, value);
    if (offset >= CONFIG_SIZE) return;
    this.#noteBars();
    this.#links.interruptLock.acquire();
    try {
      for (let i = 0; i < width; i++) this.#writeByte(offset + i, (value >>> (8 * i)) & 0xff);
      this.#intx.update(this.msix?.enabled === true);
      this.msix?.flush();
    } finally {
      this.#links.interruptLock.release();
    }
    this.#tellBars();
    if (this.#concernsVectors(offset, width)) this.msix?.tellAll();
  }

  /** It appears in its slot, in power-on state. Under the bus's lock. */
  insert(): void {
    this.#links.interruptLock.acquire();
    try {
      this.#powerOn();
      this.#state.present = 1;
    } finally {
      this.#links.interruptLock.release();
    }
  }

  /** It vanishes from its slot: its BARs, its pin, its vectors. Under the bus's lock. */
  remove(): void {
    this.#noteBars();
    this.#links.interruptLock.acquire();
    try {
      this.#state.present = 0;
      this.#powerOn();
    } finally {
      this.#links.interruptLock.release();
    }
    this.#tellBars();
    this.msix?.tellAll();
  }

  #powerOn(): void {
    this.#config.set(this.#image.initial);
    this.msix?.reset();
    this.#intx.update(false);
  }

  #liveAt(offset: number, width: number): LiveRange | undefined {
    for (const range of this.#live) {
      if (offset >= range.start && offset + width <= range.end) return range;
    }
    return undefined;
  }

  /** The interrupt lock is held: devices change the status register under it. */
  #writeByte(at: number, byte: number): void {
    const mask = this.#image.writable[at]!;
    this.#config[at] = (this.#config[at]! & ~mask) | (byte & mask);
  }

  #noteBars(): void {
    for (let i = 0; i < this.bars.length; i++) this.#before[i] = this.decoded(this.bars[i]!);
  }

  #tellBars(): void {
    for (let i = 0; i < this.bars.length; i++) {
      const bar = this.bars[i]!, address = this.decoded(bar);
      if (address !== this.#before[i]) this.#links.barMoved(this, bar.index, address);
    }
  }

  /** The command register and MSI-X's message control decide for all vectors together. */
  #concernsVectors(offset: number, width: number): boolean {
    const touches = (register: number) => offset < register + 2 && register < offset + width;
    return touches(CONFIG.COMMAND) || touches(this.#image.msix + MSIX_CAPABILITY.CONTROL);
  }
}
