/**
 * Modules that are loaded when they are needed, and not before.
 *
 * @module
 */

/**
 * Loads a module now. Deno reads the files of every literal `import("…")` before a program's first line runs, needed or
 * not: with a hundred files behind them they took 10 ms of each start.
 *
 * ```ts ignore
 * const { printHelp } = await lazy<typeof import("./help.ts")>(import.meta.resolve("./help.ts"));
 * ```
 *
 * @param url the module's, from `import.meta.resolve`: here a relative one would be relative to this file
 */
export function lazy<Module>(url: string): Promise<Module> {
  return import(url);
}
