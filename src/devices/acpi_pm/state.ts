/**
 * The ACPI power management block as it lies in the machine state.
 *
 * @module
 */
import { struct, u16, u32, type View } from "../../../ffi/layout.ts";
import { PM_TIMER_HALF, PM_TIMER_PER_MS } from "./registers.ts";

/** State of the block. Use {@link resetAcpiPm} before the first access. */
export const AcpiPmState = struct("acpi_pm_state", {
  pm1Status: u16,
  pm1Enable: u16,
  /** PM1 control as written, write-only bits left out. */
  pm1Control: u16,
  gpeStatus: u16,
  gpeEnable: u16,
  /** Added to the clock's count of ticks modulo 2^32: what a restored guest's timer continues with. */
  timerOffset: u32,
  /** Half periods of the timer (its top bit's changes) that TMR_STS has told of. */
  halvesSeen: u32,
});

/** A view of {@link AcpiPmState}. */
export type AcpiPmView = View<typeof AcpiPmState>;

/** No events, nothing enabled, the timer at 0 at `nowMs` of the monotonic clock. */
export function resetAcpiPm(state: AcpiPmView, nowMs: number): void {
  state.$bytes.fill(0);
  setPmTimer(state, 0, nowMs);
}

/** The timer shows `value` at `nowMs`: for a guest that is resumed under another clock. */
export function setPmTimer(state: AcpiPmView, value: number, nowMs: number): void {
  const ticks = Math.floor(nowMs * PM_TIMER_PER_MS);
  state.timerOffset = (value - ticks) >>> 0;
  state.halvesSeen = Math.floor((ticks + state.timerOffset) / PM_TIMER_HALF);
}
