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

/** Ticks the RTC when its next event is due, until `ended()`; its bell rings when the guest changes what is next. */
export async function serveRtc(rtc: Attachment<Rtc>, bell: Bell, ended: () => boolean): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  while (!ended()) {
    clearTimeout(timer);
    const now = Date.now();
    const next = rtc.locked((clock) => clock.nextEvent());
    if (next >= 0) {
      const delay = Math.min(LONGEST_MS, Math.max(0, next - now));
      timer = setTimeout(() => {
        rtc.locked((clock) => clock.tick(Date.now()));
        bell.ring();
      }, delay);
    }
    await bell.slept(ended);
  }
  clearTimeout(timer);
}
