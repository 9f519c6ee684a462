/**
 * The RTC's interrupts: somebody has to look at the clock.
 *
 * @module
 */

import type { Attachment } from "./bus/attachment.ts";
import type { Rtc } from "./devices/rtc/rtc.ts";
import type { Bell } from "./state/bell.ts";

/** Timers longer than this are set again (setTimeout counts ms in 31 bits). */
const LONGEST_MS = 2 ** 30;

/** Ticks the RTC when its next event is due, until `ended()`; its bell rings when either may have changed. */
export async function serveRtc(rtc: Attachment<Rtc>, bell: Bell, ended: () => boolean): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const setTimer = () => {
    clearTimeout(timer);
    const next = rtc.locked((clock) => clock.nextEvent());
    if (next === undefined || next < 0) return; // out of service, or nothing to come
    timer = setTimeout(() => {
      rtc.locked((clock) => clock.tick(Date.now()));
      bell.ring();
    }, Math.min(LONGEST_MS, Math.max(0, next - Date.now())));
  };
  while (!ended()) {
    await bell.slept(() => {
      if (ended()) return true;
      setTimer(); // with the bell armed, so that a change from now on is heard
      return false;
    });
  }
  clearTimeout(timer);
}
