/**
 * What one access to a field costs: through the class that `ffi/layout.ts` generates, through accessors that are closures
 * over an offset, and through a bare DataView with literal offsets. `deno run tests/bench/layout.ts [--json]`
 *
 * The loop around the access is part of each figure. Twelve struct types are in use, as in a real program; an access in
 * the source sees one of them, except in the column "any type", where one access sees all twelve.
 *
 * @module
 */

import { array, struct, u16, u32, u64, u8 } from "../../ffi/layout.ts";

/** Like the head of `kvm_run`, with a counter. */
const FIELDS = {
  request: u8,
  immediate: u8,
  pad: array(u8, 6),
  reason: u32,
  ready: u8,
  if_flag: u8,
  flags: u16,
  cr8: u64,
  apic_base: u64,
  counter: u64,
};
const TYPES = 12;
const memory = new SharedArrayBuffer(struct("head", FIELDS).size);

/** The same accessors without generated source: each keeps its offset in a closure. */
function closures(type: ReturnType<typeof struct<typeof FIELDS>>): unknown {
  class Closures {
    constructor(readonly data: DataView) {}
  }
  type Get = (data: DataView) => unknown;
  type Set = (data: DataView, value: never) => void;
  const define = (name: string, get: Get, set: Set) =>
    Object.defineProperty(Closures.prototype, name, {
      get(this: Closures) {
        return get(this.data);
      },
      set(this: Closures, value: never) {
        set(this.data, value);
      },
    });
  const word = (name: string, at: number) =>
    define(name, (d) => d.getUint32(at, true), (d, v: number) => d.setUint32(at, v, true));
  for (const [name, { size }] of Object.entries(FIELDS)) {
    const at = type.offset(name as keyof typeof FIELDS);
    if (size === 1) define(name, (d) => d.getUint8(at), (d, v: number) => d.setUint8(at, v));
    if (size === 2) define(name, (d) => d.getUint16(at, true), (d, v: number) => d.setUint16(at, v, true));
    if (size === 4) word(name, at);
    if (size === 6) define(name, (d) => new Uint8Array(d.buffer, at, size), () => {});
    if (size !== 8) continue;
    define(name, (d) => d.getBigUint64(at, true), (d, v: bigint) => d.setBigUint64(at, v, true));
    word(`${name}_lo`, at);
    word(`${name}_hi`, at + 4);
    define(
      `${name}_num`,
      (d) => d.getUint32(at, true) + d.getUint32(at + 4, true) * 4294967296,
      (d, v: number) => {
        d.setUint32(at, v >>> 0, true);
        d.setUint32(at + 4, Math.floor(v / 4294967296), true);
      },
    );
  }
  return new Closures(new DataView(memory));
}

/** Loop bodies: `i` counts rounds, `view` is one view of `views`; `sum` keeps a read from being dropped. */
const THROUGH_VIEW = {
  "u32 read": "sum = (sum + view.reason) | 0;",
  "any type": `view = views[i % ${TYPES}]; sum = (sum + view.reason) | 0;`,
  "_num read": "sum += view.counter_num;",
  "_num write": "view.counter_num = i;",
  "Number(u64)": "sum += Number(view.counter);",
  "u64++": "view.counter = view.counter + 1n;",
};
const THROUGH_DATA_VIEW: typeof THROUGH_VIEW = {
  "u32 read": "sum = (sum + view.getUint32(8, true)) | 0;",
  "any type": `view = views[i % ${TYPES}]; sum = (sum + view.getUint32(8, true)) | 0;`,
  "_num read": "sum += view.getUint32(32, true) + view.getUint32(36, true) * 4294967296;",
  "_num write": "view.setUint32(32, i >>> 0, true); view.setUint32(36, Math.floor(i / 4294967296), true);",
  "Number(u64)": "sum += Number(view.getBigUint64(32, true));",
  "u64++": "view.setBigUint64(32, view.getBigUint64(32, true) + 1n, true);",
};
/** A way to reach fields: its name, how a view comes to be, and the loops. */
const WAYS: readonly (readonly [string, (i: number) => unknown, typeof THROUGH_VIEW])[] = [
  ["generated class (ffi/layout.ts)", (i) => struct(`head${i}`, FIELDS).at(memory), THROUGH_VIEW],
  ["closures over offsets", (i) => closures(struct(`head${i}`, FIELDS)), THROUGH_VIEW],
  ["bare DataView, literal offsets", () => new DataView(memory), THROUGH_DATA_VIEW],
];

const ROUNDS = 1_000_000, REPEATS = 7;
let made = 0;

/** A loop's function. Its source is new each time: otherwise V8 would share what it learnt from the others. */
function loop(body: string): (views: unknown[], view: unknown, rounds: number) => number {
  const source = `/* ${made++} */ let sum = 0; for (let i = 0; i < n; i++) { ${body} } return sum;`;
  return new Function("views", "view", "n", source) as ReturnType<typeof loop>;
}

const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1]!;

/** Nanoseconds of one round over the first view, after every view had a loop of its own. */
function measure(body: string, views: unknown[]): number {
  for (const view of views) loop(body)(views, view, ROUNDS / 10);
  const run = loop(body);
  run(views, views[0], ROUNDS);
  return median(Array.from({ length: REPEATS }, () => {
    const start = performance.now();
    run(views, views[0], ROUNDS);
    return (performance.now() - start) * 1e6 / ROUNDS;
  }));
}

/** Microseconds until a type's first view exists, and the views. */
function firstUse(make: (i: number) => unknown): { us: number; views: unknown[] } {
  const views: unknown[] = [];
  const us = median(Array.from({ length: TYPES }, (_, i) => {
    const start = performance.now();
    views.push(make(i));
    return (performance.now() - start) * 1e3;
  }));
  return { us, views };
}

if (import.meta.main) {
  const rows = WAYS.map(([way, make, bodies]) => {
    const { us, views } = firstUse(make);
    const ns = Object.fromEntries(Object.entries(bodies).map(([name, body]) => [name, measure(body, views)]));
    return { way, ns, first_use_us: us };
  });
  if (Deno.args.includes("--json")) console.log(JSON.stringify(rows));
  else {
    const line = (cells: string[], end: string) =>
      cells.map((cell) => cell.padStart(12)).join("") + `  ${end}`;
    console.log(line([...Object.keys(THROUGH_VIEW), "first use"], "(ns; first use of a type in µs)"));
    for (const { way, ns, first_use_us } of rows) {
      console.log(line([...Object.values(ns), first_use_us].map((value) => value.toFixed(2)), way));
    }
  }
}
