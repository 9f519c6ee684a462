/**
 * Time between seconds since 1970 and the RTC's registers: BCD or binary, 12 or 24 hours, and the alarm's bytes.
 *
 * @module
 */
import { dateOf, dayOf, daysOf, monthOf, weekdayOf, yearOf } from "./calendar.ts";
import { ALARM_ANY, HOUR_PM, RTC_B, RTC_REG } from "./registers.ts";

const DAY = 86_400;
/** Every second of a day is reached in fewer steps: at most 60 + 60 + 24 + 60 + 60. */
const ALARM_SEARCH_STEPS = 300;

const encode = (value: number, b: number) =>
  (b & RTC_B.BINARY) !== 0 ? value : (Math.floor(value / 10) << 4) | value % 10;
const decode = (byte: number, b: number) => (b & RTC_B.BINARY) !== 0 ? byte : (byte >> 4) * 10 + (byte & 15);

function encodeHour(hour: number, b: number): number {
  if ((b & RTC_B.HOURS_24) !== 0) return encode(hour, b);
  return encode(hour % 12 === 0 ? 12 : hour % 12, b) | (hour >= 12 ? HOUR_PM : 0);
}

function decodeHour(byte: number, b: number): number {
  if ((b & RTC_B.HOURS_24) !== 0) return decode(byte, b);
  return decode(byte & ~HOUR_PM, b) % 12 + ((byte & HOUR_PM) !== 0 ? 12 : 0);
}

/** True for the indices that hold the time, alarms left out. */
export function isTimeRegister(index: number): boolean {
  return index === RTC_REG.CENTURY || index >= RTC_REG.DAY_OF_WEEK && index <= RTC_REG.YEAR ||
    index === RTC_REG.SECONDS || index === RTC_REG.MINUTES || index === RTC_REG.HOURS;
}

/** Writes a time, in seconds since 1970 UTC, into the registers in register B's format. */
export function storeTime(cmos: Uint8Array, seconds: number): void {
  const b = cmos[RTC_REG.B]!;
  const days = Math.floor(seconds / DAY);
  const inDay = seconds - days * DAY;
  const date = dateOf(days);
  const year = yearOf(date);
  cmos[RTC_REG.SECONDS] = encode(inDay % 60, b);
  cmos[RTC_REG.MINUTES] = encode(Math.floor(inDay / 60) % 60, b);
  cmos[RTC_REG.HOURS] = encodeHour(Math.floor(inDay / 3600), b);
  cmos[RTC_REG.DAY_OF_WEEK] = weekdayOf(days) + 1;
  cmos[RTC_REG.DAY] = encode(dayOf(date), b);
  cmos[RTC_REG.MONTH] = encode(monthOf(date), b);
  cmos[RTC_REG.YEAR] = encode(year % 100, b);
  cmos[RTC_REG.CENTURY] = encode(Math.floor(year / 100) % 100, b);
}

/** The time in the registers, in seconds since 1970 UTC. Nonsense counts on: 61 minutes are an hour and one. */
export function loadTime(cmos: Uint8Array): number {
  const b = cmos[RTC_REG.B]!;
  const year = decode(cmos[RTC_REG.CENTURY]!, b) * 100 + decode(cmos[RTC_REG.YEAR]!, b);
  const days = daysOf(year, decode(cmos[RTC_REG.MONTH]!, b), decode(cmos[RTC_REG.DAY]!, b));
  const hours = decodeHour(cmos[RTC_REG.HOURS]!, b);
  return days * DAY + hours * 3600 + decode(cmos[RTC_REG.MINUTES]!, b) * 60 +
    decode(cmos[RTC_REG.SECONDS]!, b);
}

/**
 * The first second after `after` at which the alarm registers match, −1 if none ever does. The chip compares
 * registers, so a byte that no time looks like (BCD 0x7a) never matches.
 */
export function nextAlarm(cmos: Uint8Array, after: number): number {
  const b = cmos[RTC_REG.B]!;
  const differs = (alarm: number, byte: number) => (alarm & ALARM_ANY) !== ALARM_ANY && alarm !== byte;
  let time = after + 1;
  for (let step = 0; step < ALARM_SEARCH_STEPS; step++) {
    const inDay = time - Math.floor(time / DAY) * DAY;
    const hour = Math.floor(inDay / 3600), minute = Math.floor(inDay / 60) % 60, second = inDay % 60;
    if (differs(cmos[RTC_REG.HOURS_ALARM]!, encodeHour(hour, b))) time += 3600 - inDay % 3600;
    else if (differs(cmos[RTC_REG.MINUTES_ALARM]!, encode(minute, b))) time += 60 - second;
    else if (differs(cmos[RTC_REG.SECONDS_ALARM]!, encode(second, b))) time++;
    else return time;
  }
  return -1;
}
