/**
 * The root complex: bus 0 with a function in each of up to 32 slots, and the ways to reach them.
 *
 * @module
 */

import { pciLine } from "../board/addresses.ts";
import type { IoDevice, IrqPin, MsiSender } from "../bus/device.ts";
import { Lock } from "../state/lock.ts";
import { ConfigPorts } from "./config_ports.ts";
import { Ecam } from "./ecam.ts";
import { type FunctionLinks, PciFunction } from "./function.ts";
import { HOST_BRIDGE, HOST_BRIDGE_SLOT } from "./host_bridge.ts";
import { HotPlugPorts } from "./hot_plug.ts";
import { placeBars } from "./placement.ts";
import { SLOTS } from "./registers.ts";
import type { FunctionSpec } from "./spec.ts";
import type { PciRootView } from "./state.ts";
import { type AddressWindow, PciWindow } from "./window.ts";

/** Locks that the root complex needs: one for the interrupts of each slot. */
export const PCI_LOCKS = SLOTS;

/** What the root complex needs of the machine. Listeners are called in the isolate whose vCPU trapped, in its exit. */
export interface PciLinks {
  /** {@link PCI_LOCKS} words of shared memory, zero at first: the interrupt locks. */
  readonly locks: Int32Array<SharedArrayBuffer>;
  /** Where BARs may lie. */
  readonly windows: readonly AddressWindow[];
  /** For each slot its source on line `pciLine(slot)`. */
  readonly pins: readonly IrqPin[];
  readonly msi: MsiSender;
  /** Raises the general-purpose event of hot-plug. */
  readonly raiseHotPlug: () => void;
  /** A BAR is at an address now, or nowhere: time to move its ioeventfds. Under the bus's lock; nobody uses the old place. */
  readonly onBarMoved?: (pciFunction: PciFunction, bar: number, address: number | undefined) => void;
  /** A vector's message, or whether it may be sent, may have changed: time to look at its route. Under the bus's lock. */
  readonly onVectorChanged?: (pciFunction: PciFunction, vector: number) => void;
  /** The guest has let go of a slot, on request or by its own will. Under the bus's lock. */
  readonly onEjected?: (slot: number) => void;
}

/**
 * The bus. It is itself the device at the configuration ports; its other faces are {@link ecam}, {@link windows} and
 * {@link hotPlug}. All of them are attached under one lock, the bus's (`Attachment.face`), and everything else is
 * called under it too, unless it says otherwise. Devices behind BARs are called with it held, and take their own.
 */
export class PciRoot implements IoDevice {
  readonly maxWidth = 4;
  /** The PCI Express configuration window: covers `GPA.PCI_ECAM_SIZE` offsets. */
  readonly ecam: IoDevice;
  /** The windows in which BARs lie. */
  readonly windows: readonly PciWindow[];
  /** The hot-plug registers: covers `HOT_PLUG_SIZE` offsets. */
  readonly hotPlug: IoDevice;
  readonly #state: PciRootView;
  readonly #links: PciLinks;
  readonly #functions: (PciFunction | undefined)[] = new Array(SLOTS).fill(undefined);
  readonly #ports: ConfigPorts;

  /** Changes nothing in `state`: see `resetPciRoot` and {@link powerOn}. The host bridge is there from the start. */
  constructor(state: PciRootView, links: PciLinks) {
    this.#state = state;
    this.#links = links;
    const select = (slot: number) => this.#present(slot);
    this.#ports = new ConfigPorts(state, select);
    this.ecam = new Ecam(select);
    this.hotPlug = new HotPlugPorts(state, (slots) => this.#eject(slots));
    const functions = this.#functions;
    const bus = {
      functions,
      get generation() {
        return state.generation;
      },
    };
    this.windows = links.windows.map(({ base, length }) => new PciWindow(base, length, bus));
    this.attach(HOST_BRIDGE_SLOT, HOST_BRIDGE);
  }

  /** The configuration ports: 4 of the address register, 4 of the data window. */
  read(offset: number, width: number): number {
    return this.#ports.read(offset, width);
  }

  write(offset: number, width: number, value: number): void {
    this.#ports.write(offset, width, value);
  }

  /**
   * Puts a function into a slot, in this isolate: every isolate does the same, while it composes its machine or before
   * {@link plug}. The guest does not see it yet.
   *
   * @throws {RangeError} if the slot is taken or the declaration contradicts itself.
   */
  attach(slot: number, spec: FunctionSpec): PciFunction {
    const state = this.#state.slots[slot];
    if (state === undefined || this.#functions[slot] !== undefined) {
      throw new RangeError(`PCI slot ${slot} is not there or is taken`);
    }
    const made = new PciFunction(slot, state, spec, this.#linksOf(slot));
    this.#functions[slot] = made;
    this.#forgetWindows();
    return made;
  }

  /** Takes an ejected function out of its slot, in this isolate. Returns false if the guest still sees it. */
  detach(slot: number): boolean {
    if (this.#functions[slot]?.present === true) return false;
    this.#functions[slot] = undefined;
    this.#forgetWindows();
    return true;
  }

  /**
   * Firmware's work, in one isolate, before the guest runs (so without the lock): all functions appear, in power-on state, and their
   * BARs get addresses. Each answers there when its driver sets the command register. What was ejected and not
   * detached since appears again, as after a restart it should.
   *
   * @throws {UserError} if the windows have no room.
   */
  powerOn(): void {
    const functions = this.#functions.filter((one) => one !== undefined);
    for (const one of functions) one.insert();
    placeBars(functions.flatMap((one) => one.bars), this.#links.windows);
    this.#state.generation++;
  }

  /**
   * Shows the guest a function that every isolate has attached. The guest places its BARs. Returns false, and does
   * nothing, if there is none in this isolate or the guest sees it already.
   */
  plug(slot: number): boolean {
    const made = this.#functions[slot];
    if (made === undefined || made.present) return false;
    made.insert();
    this.#state.generation++;
    this.#state.up |= 1 << slot;
    this.#links.raiseHotPlug();
    return true;
  }

  /**
   * Asks the guest to let go of a function; `onEjected` tells when it has, which may be never. Returns false if there
   * is none, or it is the host bridge.
   */
  requestUnplug(slot: number): boolean {
    if (slot === HOST_BRIDGE_SLOT || this.#present(slot) === undefined) return false;
    this.#state.down |= 1 << slot;
    this.#links.raiseHotPlug();
    return true;
  }

  #eject(slots: number): void {
    for (let slot = HOST_BRIDGE_SLOT + 1; slot < SLOTS; slot++) {
      const gone = (slots >>> slot & 1) === 0 ? undefined : this.#present(slot);
      if (gone === undefined) continue;
      gone.remove();
      this.#state.up &= ~(1 << slot);
      this.#state.down &= ~(1 << slot);
      this.#state.generation++;
      this.#links.onEjected?.(slot);
    }
  }

  #present(slot: number): PciFunction | undefined {
    const one = this.#functions[slot];
    return one?.present === true ? one : undefined;
  }

  #linksOf(slot: number): FunctionLinks {
    const { locks, pins, msi, onBarMoved, onVectorChanged } = this.#links;
    return {
      interruptLock: new Lock(locks, slot),
      pin: pins[slot]!,
      interruptLine: pciLine(slot),
      msi,
      decode: (address, size) => this.#decode(address, size),
      barMoved: (one, bar, address) => {
        this.#state.generation++;
        onBarMoved?.(one, bar, address < 0 ? undefined : address);
      },
      vectorChanged: (one, vector) => onVectorChanged?.(one, vector),
      served: () => this.#forgetWindows(),
    };
  }

  /** A BAR is seen where it lies wholly in a window: so it can hide neither RAM nor another device of the board. */
  #decode(address: number, size: number): number {
    for (const { base, length } of this.windows) {
      if (address >= base && address + size <= base + length) return address;
    }
    return -1;
  }

  #forgetWindows(): void {
    for (const window of this.windows) window.forget();
  }
}
