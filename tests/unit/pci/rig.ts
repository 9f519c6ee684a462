/** A board with a PCI bus in two isolates, and a guest that reaches it by real buses. */
import { GPA, pciLine, PORT } from "../../../src/board/addresses.ts";
import { BoardBuilder } from "../../../src/board/builder.ts";
import type { Attachment } from "../../../src/bus/attachment.ts";
import { MmioBus } from "../../../src/bus/mmio_bus.ts";
import { PortBus } from "../../../src/bus/port_bus.ts";
import { pciWindows } from "../../../src/pci/board_windows.ts";
import type { PciFunction } from "../../../src/pci/function.ts";
import { HOT_PLUG_SIZE } from "../../../src/pci/hot_plug.ts";
import { CAPABILITY } from "../../../src/pci/registers.ts";
import { PCI_LOCKS, PciRoot } from "../../../src/pci/root.ts";
import type { FunctionSpec } from "../../../src/pci/spec.ts";
import { PciRootState, resetPciRoot } from "../../../src/pci/state.ts";
import { Arena } from "../../../src/state/arena.ts";
import { Recorder } from "../bus/fakes.ts";

/** Vectors of {@link CARD}: more than one word of pending bits, and not a whole one. */
export const VECTORS = 40;
/** Offsets in BAR 0 of {@link CARD}. */
export const CARD_BAR = { REGISTERS: 0x100, REGISTERS_SIZE: 0x40, TABLE: 0x800, PENDING: 0xc00 } as const;

/** A function with everything: both kinds of BARs, MSI-X, a pin, capabilities. */
export const CARD: FunctionSpec = {
  vendorId: 0x1af4,
  deviceId: 0x1042,
  revision: 1,
  classCode: 0x01_80_00,
  subsystemVendorId: 0x1af4,
  subsystemId: 0x1100,
  bars: [{ index: 0, size: 4096 }, { index: 2, size: 2 ** 16, wide: true, prefetchable: true }],
  msix: { vectors: VECTORS, bar: 0, tableOffset: CARD_BAR.TABLE, pendingOffset: CARD_BAR.PENDING },
  capabilities: [
    { id: CAPABILITY.VENDOR, body: Uint8Array.of(5, 1, 2) },
    {
      id: CAPABILITY.VENDOR,
      body: Uint8Array.of(9, 3, 4, 5, 6, 7, 8),
      writable: Uint8Array.of(0, 0xf0, 0xff, 0, 0, 0, 0),
    },
  ],
  intx: true,
};

/** Where {@link CARD} is. */
export const CARD_SLOT = 3;

/** One isolate's view of the machine, with what a guest can do there. */
export class Isolate {
  readonly ports = new PortBus();
  readonly mmio = new MmioBus();
  readonly registers = new Recorder(4);
  readonly wideRegisters = new Recorder(2, 7);
  readonly #data = new DataView(new ArrayBuffer(8));

  constructor(readonly pci: Attachment<PciRoot>, readonly reset: Attachment, readonly hotPlugBase: number) {
    this.ports.attach(PORT.PCI_CONFIG_ADDRESS, 1, pci);
    this.ports.attach(PORT.RESET_CONTROL, 1, reset);
    this.ports.attach(PORT.PCI_CONFIG_ADDRESS + 2, 6, pci, 2);
    this.ports.attach(hotPlugBase, HOT_PLUG_SIZE, pci.face(this.root.hotPlug));
    this.mmio.attach(GPA.PCI_ECAM, GPA.PCI_ECAM_SIZE, pci.face(this.root.ecam));
    for (const window of this.root.windows) {
      this.mmio.attach(window.base, window.length, pci.face(window));
    }
  }

  get root(): PciRoot {
    return this.pci.device;
  }

  /** Puts the card into a slot, with recorders behind its BARs. */
  insertCard(slot: number): PciFunction {
    const card = this.root.attach(slot, CARD);
    card.serve(0, CARD_BAR.REGISTERS, CARD_BAR.REGISTERS_SIZE, this.registers);
    card.serve(2, 0, 0x100, this.wideRegisters);
    return card;
  }

  /** Reads a register by ports. */
  config(slot: number, register: number, width = 4): number {
    this.ports.write(PORT.PCI_CONFIG_ADDRESS, 4, 0x8000_0000 + slot * 0x800 + (register & ~3));
    return this.ports.read(PORT.PCI_CONFIG_DATA + (register & 3), width);
  }

  /** Writes a register by ports. */
  setConfig(slot: number, register: number, width: number, value: number): void {
    this.ports.write(PORT.PCI_CONFIG_ADDRESS, 4, 0x8000_0000 + slot * 0x800 + (register & ~3));
    this.ports.write(PORT.PCI_CONFIG_DATA + (register & 3), width, value);
  }

  /** Reads memory. */
  load(address: number, width: number): number {
    this.mmio.access(address, this.#data, 0, width, false);
    if (width === 4) return this.#data.getUint32(0, true);
    return width === 2 ? this.#data.getUint16(0, true) : this.#data.getUint8(0);
  }

  /** Writes memory. */
  store(address: number, width: number, value: number): void {
    this.#data.setUint32(0, value, true);
    this.mmio.access(address, this.#data, 0, width, true);
  }

  /** Address of a function's configuration space in memory. */
  ecam(slot: number, register = 0): number {
    return GPA.PCI_ECAM + slot * 0x8000 + register;
  }

  /** The address in a BAR, wide or not. */
  bar(slot: number, index: number): number {
    const low = this.config(slot, 0x10 + 4 * index);
    const high = (low & 6) === 4 ? this.config(slot, 0x14 + 4 * index) : 0;
    return high * 2 ** 32 + ((low & ~0xf) >>> 0);
  }
}

/** Two isolates of one machine; the first initialized it. Everything that they tell the host is in `log`. */
export function pciRig(options: { readonly empty?: boolean } = {}) {
  const saved = new SharedArrayBuffer(2 ** 17), scratch = new SharedArrayBuffer(4096);
  const log: string[] = [];
  const hex = (value: number) => `0x${value.toString(16)}`;
  const { window32, window64 } = pciWindows(2 ** 32, 39);
  const compose = (initialize: boolean): Isolate => {
    const arena = new Arena(saved), words = new Arena(scratch);
    const board = new BoardBuilder(arena, words, {
      initialize,
      irq: { setLine: (gsi, level) => void log.push(`line ${gsi} ${level}`) },
      onBroken: (name, error) => void log.push(`${name} broken: ${error}`),
    });
    const locks = words.words(PCI_LOCKS);
    const pins = Array.from({ length: 32 }, (_, slot) => board.pin(pciLine(slot)));
    const pci = board.place("pci", PciRootState, resetPciRoot, (state) =>
      new PciRoot(state, {
        locks,
        windows: [window32, window64!],
        pins,
        msi: { send: (low, high, data) => void log.push(`msi ${hex(low)} ${hex(high)} ${hex(data)}`) },
        raiseHotPlug: () => void log.push("gpe"),
        onBarMoved: (one, bar, address) =>
          void log.push(`bar ${one.slot}.${bar} ${address === undefined ? "gone" : hex(address)}`),
        onVectorChanged: (one, vector) => void vectors.push([one.slot, vector]),
        onEjected: (slot) => void log.push(`ejected ${slot}`),
      }));
    const reset = board.attach("reset", new Recorder(1));
    return new Isolate(pci, reset, PORT.PCI_HOTPLUG_UP);
  };
  const vectors: [number, number][] = [];
  const owner = compose(true), worker = compose(false);
  const cards = options.empty ? [] : [owner.insertCard(CARD_SLOT), worker.insertCard(CARD_SLOT)];
  owner.root.powerOn();
  return {
    owner,
    worker,
    /** The card as each isolate has it. */
    cards,
    /** All state that a snapshot would keep. */
    saved: new Uint8Array(saved),
    log,
    /** What was told since it was last asked. */
    take: () => log.splice(0),
    /** Slots and vectors that changed since it was last asked. */
    takeVectors: () => vectors.splice(0),
  };
}

/** Command register bits that tests set. */
export const ON = { MEMORY: 2, BUS_MASTER: 4, INTX_DISABLE: 0x400 } as const;
