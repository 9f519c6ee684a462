/**
 * The proleptic Gregorian calendar in integers: no `Date`, so no allocation when a guest polls its clock.
 *
 * Both directions count years from March, so that the leap day is the last of its year: then the months before a
 * given one have 153 days for every five.
 *
 * @module
 */

const DAYS_IN_4_YEARS = 1461;
const DAYS_IN_100_YEARS = 36_524;
const DAYS_IN_400_YEARS = 146_097;
/** Days from 0000-03-01 to 1970-01-01. */
const EPOCH = 719_468;

/** Days from 1970-01-01 to a date. Months and days out of range count on into their neighbours, months once. */
export function daysOf(year: number, month: number, day: number): number {
  const marchYear = month > 2 ? year : year - 1;
  const marchMonth = month > 2 ? month - 3 : month + 9;
  const leaps = Math.floor(marchYear / 4) - Math.floor(marchYear / 100) + Math.floor(marchYear / 400);
  return marchYear * 365 + leaps + Math.floor((153 * marchMonth + 2) / 5) + day - 1 - EPOCH;
}

/** Packs a date into one number, so that it can be returned without an object. */
const pack = (year: number, month: number, day: number) => year * 512 + month * 32 + day;
/** The year of {@link dateOf}'s result. */
export const yearOf = (packed: number): number => Math.floor(packed / 512);
/** The month of {@link dateOf}'s result, 1 to 12. */
export const monthOf = (packed: number): number => Math.floor(packed / 32) & 15;
/** The day of {@link dateOf}'s result, 1 to 31. */
export const dayOf = (packed: number): number => packed & 31;

/** The date so many days after 1970-01-01, packed: see {@link yearOf}, {@link monthOf}, {@link dayOf}. */
export function dateOf(days: number): number {
  const sinceEra = days + EPOCH;
  const era = Math.floor(sinceEra / DAYS_IN_400_YEARS);
  const dayOfEra = sinceEra - era * DAYS_IN_400_YEARS;
  // The last day of 4, and of 400, years is a leap day more than the division expects.
  const leapsPassed = Math.floor(dayOfEra / (DAYS_IN_4_YEARS - 1)) -
    Math.floor(dayOfEra / DAYS_IN_100_YEARS) + Math.floor(dayOfEra / (DAYS_IN_400_YEARS - 1));
  const yearOfEra = Math.floor((dayOfEra - leapsPassed) / 365);
  const yearStart = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100);
  const dayOfYear = dayOfEra - yearStart;
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1;
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9;
  return pack(era * 400 + yearOfEra + (month <= 2 ? 1 : 0), month, day);
}

/** Day of the week, 0 for Sunday, so many days after 1970-01-01 (a Thursday). */
export function weekdayOf(days: number): number {
  return ((days + 4) % 7 + 7) % 7;
}
