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
 * @throws {Deno.errors.NotCapable} without the permission to read the module's file: literal imports need none
 * @param url the module's, from `import.meta.resolve`: here a relative one would be relative to this file
 */
export async function lazy<Module>(url: string): Promise<Module> {
  try {
    return await import(url);
  } catch (error) {
    // Unlike a file that is read, a module says by a TypeError that Deno may not read it.
    if (error instanceof TypeError && /^Requires \w+ access/.test(error.message)) {
      throw new Deno.errors.NotCapable(error.message, { cause: error });
    }
    throw error;
  }
}
