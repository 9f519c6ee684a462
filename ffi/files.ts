/**
 * Names of files.
 *
 * @module
 */

import { cString } from "./libc.ts";

const SYMBOLS = {
  unlink: { parameters: ["buffer" /* const char *path */], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

/** Removes a name from its directory. False if that cannot be done, for example as it is gone. */
export function unlink(path: string): boolean {
  const library = Deno.dlopen("libc.so.6", SYMBOLS); // called once for each machine at most: not worth keeping
  try {
    return library.symbols.unlink(cString(path)) === 0;
  } finally {
    library.close();
  }
}
