/**
 * The host's timer for devices that interrupt by themselves at certain times: the RTC and the ACPI PM timer.
 *
 * @module
 */

import type { Bell } from "./state/bell.ts";

/** Timers longer than this are set again (setTimeout counts ms in 31 bits). */
const LONGEST_MS = 2 ** 30;

/** A device with a clock. */
export interface TimedDevice {
  /** Milliseconds until it wants its tick, 0 or less for at once; undefined for never, as it is. */
  dueIn(): number | undefined;
  /** It is due, or was a moment ago, or will be in one. */
  tick(): void;
}

/** Ticks devices when they are due, until `ended()`; the bell rings when a time or that may have changed. */
export async function serveTimers(
  devices: readonly TimedDevice[],
  bell: Bell,
  ended: () => boolean,
): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const setTimer = () => {
    clearTimeout(timer);
    let next: number | undefined;
    for (const device of devices) {
      const due = device.dueIn();
      if (due !== undefined && (next === undefined || due < next)) next = due;
    }
    if (next === undefined) return;
    timer = setTimeout(() => {
      for (const device of devices) if ((device.dueIn() ?? Infinity) <= 0) device.tick();
      bell.ring();
    }, Math.min(LONGEST_MS, Math.max(0, Math.ceil(next))));
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
