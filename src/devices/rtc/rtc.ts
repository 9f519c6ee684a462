/**
 * The MC146818A real-time clock of a PC with its 128 bytes of RAM.
 *
 * @module
 */
import type { IoDevice, IrqPin } from "../../bus/device.ts";
import { CMOS_SIZE, RTC_A, RTC_B, RTC_C, RTC_REG } from "./registers.ts";
import type { RtcView } from "./state.ts";
import { isTimeRegister, loadTime, nextAlarm, storeTime } from "./time_registers.ts";

const SECOND_US = 1_000_000;
/** UIP rises 244 µs before an update, which takes 1984 µs (MC146818A, "Update Cycle"); the time changes at its end. */
const UPDATE_US = 244 + 1984;
/** The first update comes half a second after the divider was released from reset ("Divider Control"). */
const DIVIDER_START_US = SECOND_US / 2;

/** The host's time of day. */
export interface WallClock {
  /** Milliseconds since 1970 UTC, fractions welcome. The same in every worker. */
  nowMs(): number;
}

/** Whoever calls {@link Rtc.tick}. */
export interface RtcTimer {
  /** `nextEvent` may have changed: ask again. Called under the device's lock: must not block. */
  rearm(): void;
}

/**
 * The clock. Its time is the host's plus an offset, and its flags are computed from the time when somebody looks,
 * so it costs nothing while nobody does; only with an interrupt enabled does the host have to {@link tick} it.
 *
 * Offset 0 is the index port (write-only as on the PC/AT, so it reads 0xff), offset 1 the data port.
 */
export class Rtc implements IoDevice {
  readonly maxWidth = 1;
  readonly #state: RtcView;
  readonly #pin: IrqPin;
  readonly #clock: WallClock;
  readonly #timer: RtcTimer;

  /** Covers 2 offsets. Changes nothing in `state`: see `resetRtc`. */
  constructor(state: RtcView, pin: IrqPin, clock: WallClock, timer: RtcTimer) {
    this.#state = state;
    this.#pin = pin;
    this.#clock = clock;
    this.#timer = timer;
  }

  read(offset: number, _width: number): number {
    if (offset !== 1) return 0xff;
    const s = this.#state;
    const index = s.index & (CMOS_SIZE - 1);
    if (index === RTC_REG.C) return this.#readC();
    if (index === RTC_REG.A) return s.cmos[index]! | (this.#updating() ? RTC_A.UIP : 0);
    if (isTimeRegister(index) && this.#running) this.#refresh(this.#nowUs());
    return s.cmos[index]!;
  }

  write(offset: number, _width: number, value: number): void {
    const s = this.#state;
    const byte = value & 0xff;
    if (offset === 0) s.index = byte;
    if (offset !== 1) return;
    const index = s.index & (CMOS_SIZE - 1);
    if (index > RTC_REG.D && index !== RTC_REG.CENTURY) s.cmos[index] = byte;
    else this.#writeClock(index, byte);
  }

  /**
   * Host: latches the flags up to `nowMs` and sets the interrupt line. Call it under the device's lock at
   * {@link nextEvent}; early or late calls do no harm.
   */
  tick(nowMs: number): void {
    this.#advance(toUs(nowMs));
    this.#pin.set(this.#interrupting);
  }

  /**
   * Host: when the clock will next raise its interrupt, in the wall clock's ms (a time already past means at once), or
   * −1 if it will not before the guest touches it.
   */
  nextEvent(): number {
    const s = this.#state;
    const b = s.cmos[RTC_REG.B]!;
    // While the line is high nothing can raise it: the flags of that time are latched when the guest reads C.
    if ((b & RTC_C.FLAGS) === 0 || this.#interrupting) return -1;
    const time = s.seenUs_num + s.offsetUs_num;
    let next = Infinity;
    if ((b & RTC_C.PERIODIC) !== 0) next = this.#nextPeriod(time);
    if (this.#running) {
      const second = Math.floor(time / SECOND_US);
      if ((b & RTC_C.UPDATE) !== 0) next = Math.min(next, (second + 1) * SECOND_US);
      const alarm = (b & RTC_C.ALARM) !== 0 ? nextAlarm(s.cmos, second) : -1;
      if (alarm >= 0) next = Math.min(next, alarm * SECOND_US);
    }
    return next === Infinity ? -1 : (next - s.offsetUs_num) / 1000;
  }

  #readC(): number {
    const s = this.#state;
    this.#advance(this.#nowUs());
    const value = s.flags | (this.#interrupting ? RTC_C.IRQF : 0);
    s.flags = 0;
    this.#pin.set(false);
    this.#rearm();
    return value;
  }

  /** Writes to registers 0 to D and the century. */
  #writeClock(index: number, byte: number): void {
    const s = this.#state;
    if (index === RTC_REG.C || index === RTC_REG.D) return; // Read-only.
    const now = this.#nowUs();
    this.#advance(now);
    if (this.#running) this.#refresh(now);
    const phase = fraction(now + s.offsetUs_num);
    if (index === RTC_REG.A) {
      const started = this.#dividerReset;
      s.cmos[index] = byte & ~RTC_A.UIP;
      if (started && !this.#dividerReset) this.#rebase(now, DIVIDER_START_US);
    } else if (index === RTC_REG.B) {
      const frozen = (s.cmos[index]! & RTC_B.SET) !== 0;
      // "UIE is cleared by the SET bit going high" (Register B, bit 4).
      s.cmos[index] = (byte & RTC_B.SET) !== 0 ? byte & ~RTC_C.UPDATE : byte;
      if (frozen && (byte & RTC_B.SET) === 0) this.#rebase(now, phase);
    } else {
      s.cmos[index] = byte;
      if (isTimeRegister(index) && this.#running) this.#rebase(now, phase);
    }
    this.#pin.set(this.#interrupting);
    this.#rearm();
  }

  /** Latches what happened since the last time somebody looked. A host clock set back takes nothing back. */
  #advance(now: number): void {
    const s = this.#state;
    const from = s.seenUs_num + s.offsetUs_num;
    const to = now + s.offsetUs_num;
    s.seenUs_num = now;
    if (to <= from || this.#dividerReset) return;
    if (this.#nextPeriod(from) <= to) s.flags |= RTC_C.PERIODIC;
    if (!this.#running) return;
    const before = Math.floor(from / SECOND_US), after = Math.floor(to / SECOND_US);
    if (after === before) return;
    s.flags |= RTC_C.UPDATE;
    const alarm = nextAlarm(s.cmos, before);
    if (alarm >= 0 && alarm <= after) s.flags |= RTC_C.ALARM;
  }

  /** The first tick of the periodic interrupt after a guest time, in µs; Infinity if it is off. */
  #nextPeriod(time: number): number {
    const select = this.#state.cmos[RTC_REG.A]! & RTC_A.RATE;
    if (select === 0 || this.#dividerReset) return Infinity;
    // Rates of the 32768 Hz time base ("Periodic Interrupt Rate", table 5): 1 and 2 are as 8 and 9.
    const hertz = 65_536 >> (select <= 2 ? select + 7 : select);
    const within = fraction(time);
    const passed = Math.floor(within * hertz / SECOND_US);
    return time - within + Math.ceil((passed + 1) * SECOND_US / hertz);
  }

  /** Puts the current time into its registers. */
  #refresh(now: number): void {
    storeTime(this.#state.cmos, Math.floor((now + this.#state.offsetUs_num) / SECOND_US));
  }

  /** The time in the registers is the guest's time from now on, the divider standing at `phase`. */
  #rebase(now: number, phase: number): void {
    this.#state.offsetUs_num = loadTime(this.#state.cmos) * SECOND_US + phase - now;
  }

  #rearm(): void {
    if ((this.#state.cmos[RTC_REG.B]! & RTC_C.FLAGS) !== 0) this.#timer.rearm();
  }

  #nowUs(): number {
    return toUs(this.#clock.nowMs());
  }

  #updating(): boolean {
    return this.#running && fraction(this.#nowUs() + this.#state.offsetUs_num) >= SECOND_US - UPDATE_US;
  }

  get #dividerReset(): boolean {
    return (this.#state.cmos[RTC_REG.A]! & RTC_A.DIVIDER_RESET) === RTC_A.DIVIDER_RESET;
  }

  /** The time's registers are being updated. */
  get #running(): boolean {
    return (this.#state.cmos[RTC_REG.B]! & RTC_B.SET) === 0 && !this.#dividerReset;
  }

  get #interrupting(): boolean {
    return (this.#state.flags & this.#state.cmos[RTC_REG.B]! & RTC_C.FLAGS) !== 0;
  }
}

/** Rounded, so that a time which `nextEvent` gave comes back as it was. */
function toUs(ms: number): number {
  return Math.round(ms * 1000);
}

/** Microseconds within the second. */
function fraction(us: number): number {
  return us - Math.floor(us / SECOND_US) * SECOND_US;
}
