/**
 * Places devices in shared state and gives each its lock, its wires and its attachment.
 *
 * @module
 */

import type { Aggregate, View } from "../../ffi/layout.ts";
import { Attachment, type BrokenDeviceListener } from "../bus/attachment.ts";
import type { IoDevice, IrqPin } from "../bus/device.ts";
import { type IrqController, IrqLinesState, LinePin } from "../irq/lines.ts";
import type { Arena } from "../state/arena.ts";
import { Lock } from "../state/lock.ts";

/** Devices of a board, at most. */
const MAX_DEVICES = 64;
/** Pins of the board's IOAPIC. */
const LINES = 24;

/** What differs between the isolates that build the same board. */
export interface BoardHooks {
  /** Puts all devices into their power-on state: done once, by the machine's owner. */
  readonly initialize: boolean;
  readonly irq: IrqController;
  readonly onBroken: BrokenDeviceListener;
}

/** Hands out places, in the order in which it is asked. */
export class BoardBuilder {
  readonly #locks: Int32Array<SharedArrayBuffer>;
  readonly #lineLocks: Int32Array<SharedArrayBuffer>;
  readonly #broken: Int32Array<SharedArrayBuffer>;
  readonly #sources: Uint32Array;
  readonly #sourcesUsed = new Uint8Array(LINES);
  #devices = 0;

  constructor(private readonly saved: Arena, scratch: Arena, private readonly hooks: BoardHooks) {
    this.#locks = scratch.words(MAX_DEVICES);
    this.#lineLocks = scratch.words(LINES);
    this.#broken = scratch.words(MAX_DEVICES);
    this.#sources = saved.place("irq_lines", IrqLinesState).sources;
  }

  /**
   * A device with state.
   *
   * @param name unique on the board
   * @param reset puts fresh state into its power-on state
   * @param make builds the device over its state, in every isolate
   */
  place<S extends Aggregate, D extends IoDevice>(
    name: string,
    layout: S,
    reset: (state: View<S>) => void,
    make: (state: View<S>) => D,
  ): Attachment<D> {
    const state = this.saved.place(name, layout);
    if (this.hooks.initialize) reset(state);
    return this.attach(name, make(state));
  }

  /** State that belongs to a device beside the struct that it is {@link place}d with. */
  state<S extends Aggregate>(name: string, layout: S, reset: (state: View<S>) => void): View<S> {
    const state = this.saved.place(name, layout);
    if (this.hooks.initialize) reset(state);
    return state;
  }

  /** A device without state of its own. */
  attach<D extends IoDevice>(name: string, device: D): Attachment<D> {
    const index = this.#devices++;
    if (index === MAX_DEVICES) throw new RangeError("more devices than the board has room for");
    const lock = new Lock(this.#locks, index);
    return new Attachment(name, device, lock, this.#broken, index, this.hooks.onBroken);
  }

  /** One more source on a line. */
  pin(gsi: number): IrqPin {
    const source = this.#sourcesUsed[gsi]!;
    this.#sourcesUsed[gsi] = source + 1;
    return new LinePin(this.#sources, gsi, source, new Lock(this.#lineLocks, gsi), this.hooks.irq);
  }
}
