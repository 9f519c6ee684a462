/** An RTC under a clock that the test turns. */
import { Rtc } from "../../../src/devices/rtc/rtc.ts";
import { resetRtc, RtcState } from "../../../src/devices/rtc/state.ts";
import { FakeClock, FakePin, ports } from "./fakes.ts";

export const GIB = 2 ** 30, MIB = 2 ** 20;

export function rtcRig(start = "2026-02-28T23:59:58.500Z", ramBelow4G = 64 * MIB, ramAbove4G = 0) {
  const state = RtcState.create();
  const pin = new FakePin(), clock = new FakeClock(Date.parse(start));
  const timer = { rearms: 0, rearm: () => void timer.rearms++ };
  resetRtc(state, { ramBelow4G, ramAbove4G, nowMs: clock.ms });
  const rtc = new Rtc(state, pin, clock, timer);
  const { inb, outb } = ports(rtc);
  const get = (index: number) => {
    outb(0, index);
    return inb(1);
  };
  const set = (index: number, value: number) => {
    outb(0, index);
    outb(1, value);
  };
  return {
    state,
    pin,
    clock,
    timer,
    rtc,
    inb,
    outb,
    get,
    set,
    /** Century, year, month, day, weekday, hours, minutes, seconds as they are in the registers. */
    time: () => [0x32, 9, 8, 7, 6, 4, 2, 0].map(get),
    /** The host's timer thread: sleeps to the next event and ticks, `times` times. */
    sleepToEvent(times = 1) {
      for (let i = 0; i < times; i++) {
        clock.ms = Math.max(clock.ms, rtc.nextEvent());
        rtc.tick(clock.ms);
      }
    },
  };
}
