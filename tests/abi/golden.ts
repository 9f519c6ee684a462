/**
 * The golden data: what the C compiler says of the kernel's and libc's interfaces, and the comparison of ours with it.
 *
 * @module
 */

import type { FieldType } from "../../ffi/layout.ts";
import type { Inventory } from "./inventory.ts";
import { NEWER_CONSTANTS, NEWER_LAYOUTS } from "./newer.ts";

/** One field as the compiler sees it. `type` is `u32`, `u8[8]`, `aggregate`, `aggregate[3]`, or `char[256]`. */
export interface GoldenField {
  readonly offset: number;
  readonly size: number;
  readonly type: string;
}

/** One struct as the compiler sees it. */
export interface GoldenStruct {
  readonly size: number;
  readonly align: number;
  readonly fields: Readonly<Record<string, GoldenField>>;
}

/** `golden.json`, and what the generated program prints. */
export interface Golden {
  /** Of the headers: information, not compared. */
  readonly linux: string;
  readonly constants: Readonly<Record<string, number>>;
  readonly structs: Readonly<Record<string, GoldenStruct>>;
}

/** Where the committed data is. */
export const GOLDEN_FILE = new URL("./golden.json", import.meta.url);

/** The committed data. */
export function readGolden(): Golden {
  return JSON.parse(Deno.readTextFileSync(GOLDEN_FILE));
}

/** Our name for a field's type, in the words of {@link GoldenField}. */
export function typeName(type: FieldType): string {
  if (type.kind === "scalar") return type.name;
  if (type.kind === "struct") return "aggregate";
  return `${typeName(type.element)}[${type.length}]`;
}

/** C's plain `char` names bytes without saying how they are read: ours are u8. */
function sameType(ours: string, c: string): boolean {
  return ours === c || ours === c.replace(/^char\b/, "u8");
}

/** Each difference between our declarations and the compiler's, in a sentence; empty when all agree. */
export function compare(ours: Inventory, golden: Golden): string[] {
  return [...compareConstants(ours, golden), ...compareStructs(ours, golden)];
}

/**
 * Each entry of the golden data that a fresh run of the compiler contradicts or lacks. A fresh run may know more, where
 * its headers are newer.
 */
export function disagreements(golden: Golden, fresh: Golden): string[] {
  const found: string[] = [];
  for (const kind of ["constants", "structs"] as const) {
    for (const [name, value] of Object.entries(golden[kind])) {
      const [ours, theirs] = [known(value), known(fresh[kind][name], value)];
      if (ours !== theirs) found.push(`${name}: golden ${ours}, compiler ${theirs}`);
    }
  }
  return found;
}

/** A value's text; of a struct, only the fields that `like` has too. */
function known(value: number | GoldenStruct | undefined, like = value): string | undefined {
  if (typeof value !== "object" || typeof like !== "object") return JSON.stringify(value);
  const fields = Object.fromEntries(Object.entries(value.fields).filter(([field]) => field in like.fields));
  return JSON.stringify({ ...value, fields });
}

function* compareConstants({ constants }: Inventory, golden: Golden): Generator<string> {
  for (const [name, value] of constants) {
    const expected = golden.constants[name] ?? NEWER_CONSTANTS[name]?.value;
    if (expected === undefined) yield `${name}: not in the golden data, nor in tests/abi/newer.ts`;
    else if (expected !== value) yield `${name}: ours is ${value}, C's ${expected}`;
  }
  for (const name of Object.keys(golden.constants)) {
    if (!constants.has(name)) yield `${name}: in the golden data, but no longer in ffi/`;
  }
}

function* compareStructs({ structs }: Inventory, golden: Golden): Generator<string> {
  for (const [name, layout] of structs) {
    const expected = golden.structs[name];
    const newer = NEWER_LAYOUTS[name];
    const size = expected?.size ?? newer?.size;
    if (size === undefined) {
      yield `${name}: not in the golden data, nor in tests/abi/newer.ts`;
      continue;
    }
    if (layout.size !== size) yield `${name}: ours has ${layout.size} bytes, C's ${size}`;
    if (expected && layout.align !== expected.align) {
      yield `${name}: ours is aligned to ${layout.align}, C's to ${expected.align}`;
    }
    for (const [field, type] of Object.entries(layout.fields)) {
      const path = `${name}.${field}`;
      const c = expected?.fields[field];
      const member = NEWER_LAYOUTS[path];
      const offset = c?.offset ?? newer?.offsets[field] ?? member?.offsets[field];
      if (offset === undefined) yield `${path}: not in the golden data, nor in tests/abi/newer.ts`;
      else if (layout.offset(field) !== offset) {
        yield `${path}: ours is at offset ${layout.offset(field)}, C's at ${offset}`;
      }
      const bytes = c?.size ?? member?.size;
      if (bytes !== undefined && type.size !== bytes) {
        yield `${path}: ours has ${type.size} bytes, C's ${bytes}`;
      }
      if (c && !sameType(typeName(type), c.type)) yield `${path}: ours is ${typeName(type)}, C's ${c.type}`;
    }
    for (const field of Object.keys(expected?.fields ?? {})) {
      if (!(field in layout.fields)) yield `${name}.${field}: in the golden data, but no longer in ffi/`;
    }
  }
  for (const name of Object.keys(golden.structs)) {
    if (!structs.has(name)) yield `${name}: in the golden data, but no longer in ffi/`;
  }
}
