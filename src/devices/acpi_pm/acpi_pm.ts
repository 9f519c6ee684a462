/**
 * ACPI fixed hardware: PM1 events and control, the PM timer, and a block of general-purpose events.
 *
 * @module
 */
import type { GuestRequests, IoDevice, IrqPin } from "../../bus/device.ts";
import { PM1, PM1_CONTROL, PM_REG, PM_TIMER_HALF, PM_TIMER_PER_MS } from "./registers.ts";
import type { AcpiPmView } from "./state.ts";

/** A clock that only goes forward. */
export interface MonotonicClock {
  /** Milliseconds, fractions needed, since a moment that is the same in every worker. */
  nowMs(): number;
}

/** What the block needs of the machine. */
export interface AcpiPmLinks {
  /** System control interrupt: level, active high. */
  readonly sci: IrqPin;
  readonly requests: GuestRequests;
  readonly clock: MonotonicClock;
  /** Whoever calls {@link AcpiPm.tick}: `nextEvent` may have changed. Called under the device's lock: must not block. */
  readonly timer: { rearm(): void };
  /** SLP_TYP that the DSDT's \_S5 gives for soft-off. */
  readonly s5SleepType: number;
}

/**
 * The power management block. Registers are 16 bits wide (the timer 32) and may be accessed in any part (§4.8.1).
 */
export class AcpiPm implements IoDevice {
  readonly maxWidth = 4;
  readonly #state: AcpiPmView;
  readonly #links: AcpiPmLinks;

  /** Covers `PM_BLOCK_SIZE` offsets. Changes nothing in `state`: see `resetAcpiPm`. */
  constructor(state: AcpiPmView, links: AcpiPmLinks) {
    this.#state = state;
    this.#links = links;
  }

  read(offset: number, width: number): number {
    // The timer is sampled once, so that no carry falls between its bytes.
    if (offset === PM_REG.TIMER && width === 4) return this.#timer;
    let value = 0;
    for (let i = 0; i < width; i++) value |= this.#readByte(offset + i) << (8 * i);
    return value >>> 0;
  }

  write(offset: number, width: number, value: number): void {
    for (let i = 0; i < width; i++) this.#writeByte(offset + i, (value >>> (8 * i)) & 0xff);
    this.#update();
    // What was written can have switched its interrupt on, or made room for the next one.
    if (offset < PM_REG.PM1_CONTROL && (this.#state.pm1Enable & PM1.TIMER) !== 0) this.#links.timer.rearm();
  }

  /** Host: presses the power button. Call it under the device's lock. */
  pressPowerButton(): void {
    this.#state.pm1Status |= PM1.POWER_BUTTON;
    this.#update();
  }

  /** Host: raises a general-purpose event, 0 to 15. Call it under the device's lock. */
  raiseGpe(number: number): void {
    this.#state.gpeStatus |= 1 << number;
    this.#update();
  }

  /** Host: sets the timer's status bit if it is due. Call it under the device's lock at {@link nextEvent}. */
  tick(): void {
    this.#noteTimer();
  }

  /** Host: when the timer will next raise SCI, in the clock's ms; −1 if the guest does not want it or has it. */
  nextEvent(): number {
    const s = this.#state;
    if ((s.pm1Enable & PM1.TIMER) === 0 || (s.pm1Status & PM1.TIMER) !== 0) return -1;
    // In the middle of the tick after the last half that was told, so that rounding cannot fall short of it.
    return ((s.halvesSeen + 1) * PM_TIMER_HALF - s.timerOffset + 0.5) / PM_TIMER_PER_MS;
  }

  get #ticks(): number {
    return Math.floor(this.#links.clock.nowMs() * PM_TIMER_PER_MS);
  }

  /** §4.8.3.3: counts up at 3.579545 MHz, 32 bits as the FADT's TMR_VAL_EXT says. */
  get #timer(): number {
    return (this.#ticks + this.#state.timerOffset) >>> 0;
  }

  #readByte(offset: number): number {
    const high = (offset & 1) << 3;
    switch (offset & ~1) {
      case PM_REG.PM1_STATUS:
        this.#noteTimer();
        return (this.#state.pm1Status >> high) & 0xff;
      case PM_REG.PM1_ENABLE:
        return (this.#state.pm1Enable >> high) & 0xff;
      case PM_REG.PM1_CONTROL:
        return ((this.#state.pm1Control | PM1_CONTROL.SCI_ENABLE) >> high) & 0xff;
      case PM_REG.TIMER:
      case PM_REG.TIMER + 2:
        return (this.#timer >>> (8 * (offset - PM_REG.TIMER))) & 0xff;
      case PM_REG.GPE0_STATUS:
        return (this.#state.gpeStatus >> high) & 0xff;
      case PM_REG.GPE0_ENABLE:
        return (this.#state.gpeEnable >> high) & 0xff;
      default:
        return 0;
    }
  }

  #writeByte(offset: number, byte: number): void {
    const s = this.#state;
    const high = (offset & 1) << 3;
    const bits = byte << high, kept = 0xff00 >> high;
    switch (offset & ~1) {
      case PM_REG.PM1_STATUS: // Written ones clear.
        this.#noteTimer();
        s.pm1Status &= ~bits;
        return;
      case PM_REG.PM1_ENABLE:
        s.pm1Enable = ((s.pm1Enable & kept) | bits) & PM1.EVENTS;
        return;
      case PM_REG.PM1_CONTROL:
        s.pm1Control = ((s.pm1Control & kept) | bits) &
          (PM1_CONTROL.SLEEP_TYPE | PM1_CONTROL.BUS_MASTER_RELOAD);
        if ((bits & PM1_CONTROL.SLEEP_ENABLE) !== 0) this.#sleep();
        return;
      case PM_REG.GPE0_STATUS:
        s.gpeStatus &= ~bits;
        return;
      case PM_REG.GPE0_ENABLE:
        s.gpeEnable = (s.gpeEnable & kept) | bits;
    }
  }

  /** S5 is the only sleeping state that the DSDT offers; others do nothing. */
  #sleep(): void {
    const type = (this.#state.pm1Control & PM1_CONTROL.SLEEP_TYPE) >> PM1_CONTROL.SLEEP_TYPE_SHIFT;
    if (type === this.#links.s5SleepType) this.#links.requests.request("poweroff");
  }

  /** Sets TMR_STS if the timer's top bit has changed since this was last asked. */
  #noteTimer(): void {
    const s = this.#state;
    const halves = Math.floor((this.#ticks + s.timerOffset) / PM_TIMER_HALF) >>> 0;
    if (halves === s.halvesSeen) return;
    s.halvesSeen = halves;
    s.pm1Status |= PM1.TIMER;
    this.#update();
  }

  #update(): void {
    const s = this.#state;
    this.#links.sci.set((s.pm1Status & s.pm1Enable) !== 0 || (s.gpeStatus & s.gpeEnable) !== 0);
  }
}
