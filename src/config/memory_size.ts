/**
 * Amounts of memory with units.
 *
 * @module
 */

const UNITS: Readonly<Record<string, number>> = { K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };

/**
 * Bytes of an amount such as `"512M"`, `"2 GiB"` or `"1.5G"`; units are powers of 1024. Returns undefined for anything
 * else, a number without a unit included: nobody agrees on what that would mean.
 */
export function parseMemorySize(text: string): number | undefined {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([KMGT])(?:i?B)?\s*$/i.exec(text);
  if (match === null) return undefined;
  return Math.round(Number(match[1]) * UNITS[match[2]!.toUpperCase()]!);
}

/** The shortest exact way to write an amount: `268435456` is `"256 MiB"`. */
export function formatMemorySize(bytes: number): string {
  for (const unit of ["T", "G", "M", "K"]) {
    const factor = UNITS[unit]!;
    if (bytes >= factor && bytes % factor === 0) return `${bytes / factor} ${unit}iB`;
  }
  return `${bytes} bytes`;
}
