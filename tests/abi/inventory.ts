/**
 * Everything in `ffi/` that claims to be somebody else's binary interface: structs, constants, ioctl requests.
 *
 * @module
 */

import { join } from "@std/path";
import { type Aggregate, Struct } from "../../ffi/layout.ts";
import { CONSTANT_NAME, NOT_ABI, TABLE_PREFIX } from "./c_names.ts";

/** A struct as `ffi/` declares it. */
export type Declared = Aggregate & { offset(field: string): number };

/** Structs by name, and constants (ioctl requests among them) by C name or expression. */
export interface Inventory {
  readonly structs: ReadonlyMap<string, Declared>;
  readonly constants: ReadonlyMap<string, number>;
}

const ROOT = new URL("../../ffi/", import.meta.url);
/** The layout language: its exports are types to declare with, not declarations. */
const LANGUAGE = "layout.ts";

/** URLs of the modules of `ffi/`, in order. */
export function ffiModules(): URL[] {
  const found: string[] = [];
  const walk = (folder: string) => {
    for (const entry of Deno.readDirSync(new URL(folder, ROOT))) {
      if (entry.isDirectory) walk(`${folder}${entry.name}/`);
      else if (entry.name.endsWith(".ts")) found.push(join(folder, entry.name));
    }
  };
  walk("./");
  return found.sort().map((path) => new URL(path, ROOT));
}

/** Imports every module of `ffi/` and sorts its exports. Throws for one that has no rule. */
export async function takeInventory(): Promise<Inventory> {
  const structs = new Map<string, Declared>();
  const constants = new Map<string, number>();
  for (const url of ffiModules()) {
    if (url.href === new URL(LANGUAGE, ROOT).href) continue;
    const exports: Record<string, unknown> = await import(url.href);
    for (const [name, value] of Object.entries(exports)) {
      if (typeof value === "function" || NOT_ABI.has(name)) continue;
      if (value instanceof Struct) add(structs, value.name, value as Declared);
      else if (typeof value === "number") add(constants, CONSTANT_NAME[name] ?? name, value);
      else for (const [key, number] of table(name, value)) add(constants, key, number);
    }
  }
  return { structs, constants };
}

function table(name: string, value: unknown): [string, number][] {
  const prefix = TABLE_PREFIX[name];
  const entries: [string, unknown][] = typeof value === "object" && value !== null
    ? Object.entries(value)
    : [];
  const numbers = entries.filter((entry): entry is [string, number] => typeof entry[1] === "number");
  if (prefix === undefined || numbers.length === 0 || numbers.length !== entries.length) {
    throw new Error(`ffi/ exports ${name}, and tests/abi/c_names.ts does not say what it is in C`);
  }
  return numbers.map(([key, number]) => [prefix + key, number]);
}

function add<T>(into: Map<string, T>, name: string, value: T): void {
  const before = into.get(name);
  if (before !== undefined && before !== value) throw new Error(`ffi/ declares ${name} twice, differently`);
  into.set(name, value);
}
