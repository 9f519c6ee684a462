/**
 * Any plain data as lines that a person reads.
 *
 * @module
 */

/** One line for each leaf: its path, then its value, in two columns. */
export function factSheet(data: unknown): string {
  const rows = [...leaves(data, "")];
  const width = Math.max(0, ...rows.map(([path]) => path.length));
  return rows.map(([path, value]) => `${path.padEnd(width)}  ${value}\n`).join("");
}

function* leaves(data: unknown, path: string): Generator<readonly [string, string]> {
  if (data === undefined) return;
  if (typeof data !== "object" || data === null) {
    yield [path, String(data)];
    return;
  }
  const entries = Array.isArray(data)
    ? data.map((value, index) => [String(index), value] as const)
    : Object.entries(data);
  if (entries.length === 0) yield [path, "none"];
  for (const [key, value] of entries) yield* leaves(value, path === "" ? key : `${path}.${key}`);
}
