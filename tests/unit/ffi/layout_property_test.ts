import { assertEquals } from "@std/assert";
import fc from "fast-check";
import * as layout from "../../../ffi/layout.ts";
import type { Aggregate, Fields, FieldType } from "../../../ffi/layout.ts";

const SIZES = { u8: 1, u16: 2, u32: 4, u64: 8, i8: 1, i16: 2, i32: 4, i64: 8 } as const;
type ScalarName = keyof typeof SIZES;

/** A type as this test describes it, apart from the layout language. */
type Model =
  | { kind: "scalar"; name: ScalarName }
  | { kind: "array"; element: Model; length: number }
  | { kind: "struct" | "packed" | "union"; fields: Model[] };
type Placed = {
  size: number;
  align: number;
  leaves: { path: (string | number)[]; at: number; name: ScalarName }[];
};

/** Places fields byte by byte, by the rules as the ABI's document words them. */
function place(model: Model): Placed {
  if (model.kind === "scalar") {
    const size = SIZES[model.name];
    return { size, align: size, leaves: [{ path: [], at: 0, name: model.name }] };
  }
  const parts = model.kind === "array"
    ? Array.from({ length: model.length }, () => place(model.element))
    : model.fields.map(place);
  const placed: Placed = { size: 0, align: 1, leaves: [] };
  if (model.kind === "array") placed.align = place(model.element).align;
  let next = 0;
  parts.forEach((part, i) => {
    const align = model.kind === "packed" ? 1 : part.align;
    if (model.kind === "union") next = 0;
    while (next % align !== 0) next++;
    const step = model.kind === "array" ? i : `f${i}`;
    for (const leaf of part.leaves) {
      placed.leaves.push({ path: [step, ...leaf.path], at: next + leaf.at, name: leaf.name });
    }
    next += part.size;
    placed.size = Math.max(placed.size, next);
    placed.align = Math.max(placed.align, align);
  });
  while (placed.size % placed.align !== 0) placed.size++;
  return placed;
}

function build(model: Model): FieldType {
  if (model.kind === "scalar") return layout[model.name];
  if (model.kind === "array") return layout.array(build(model.element), model.length);
  const fields: Fields = Object.fromEntries(model.fields.map((field, i) => [`f${i}`, build(field)]));
  return layout[model.kind]("model", fields);
}

const scalar = fc.constantFrom(...Object.keys(SIZES) as ScalarName[])
  .map((name): Model => ({ kind: "scalar", name }));
/** Everything in a packed struct may be misaligned, so it gets what may be: scalars, bytes, and its like. */
const { packed } = fc.letrec<{ packed: Model }>((tie) => ({
  packed: fc.array(
    fc.oneof(
      { depthSize: "small" },
      scalar,
      fc.nat(5).map((length): Model => ({ kind: "array", element: { kind: "scalar", name: "u8" }, length })),
      tie("packed"),
    ),
    { minLength: 1, maxLength: 5 },
  ).map((fields): Model => ({ kind: "packed", fields })),
}));
const aggregate = (withUnions: boolean) =>
  fc.letrec<{ struct: Model; field: Model }>((tie) => ({
    field: fc.oneof(
      { depthSize: "small" },
      scalar,
      fc.tuple(scalar, fc.nat(4)).map(([element, length]): Model => ({ kind: "array", element, length })),
      packed,
      tie("struct"),
      fc.tuple(tie("field"), fc.integer({ min: 1, max: 3 }))
        .map(([element, length]): Model => ({ kind: "array", element, length })),
    ),
    struct: fc.tuple(
      fc.constantFrom<"struct" | "union">(
        ...(withUnions ? ["struct", "union"] as const : ["struct"] as const),
      ),
      fc.array(tie("field"), { minLength: 1, maxLength: 6 }),
    ).map(([kind, fields]): Model => ({ kind, fields })),
  })).struct;

/** Follows a path through views: the object that has the last step, and that step. */
function reach(
  view: unknown,
  path: (string | number)[],
): [Record<string | number, unknown>, string | number] {
  let at = view as Record<string | number, unknown>;
  for (const step of path.slice(0, -1)) at = at[step] as Record<string | number, unknown>;
  return [at, path.at(-1)!];
}

function read(data: DataView, name: ScalarName, at: number): number | bigint {
  const bytes = Array.from({ length: SIZES[name] }, (_, i) => BigInt(data.getUint8(at + i)) << BigInt(8 * i));
  const unsigned = bytes.reduce((sum, byte) => sum | byte, 0n);
  const value = name.startsWith("i") ? BigInt.asIntN(8 * SIZES[name], unsigned) : unsigned;
  return SIZES[name] === 8 ? value : Number(value);
}

Deno.test("layout: sizes, alignments and every leaf's place are as the ABI's rules give them", () => {
  fc.assert(
    fc.property(aggregate(true), fc.infiniteStream(fc.bigInt(0n, 2n ** 64n - 1n)), (model, stream) => {
      const type = build(model) as Aggregate, expected = place(model);
      assertEquals([type.size, type.align], [expected.size, expected.align]);
      const buffer = new SharedArrayBuffer(expected.size + 32),
        data = new DataView(buffer, 16, expected.size);
      const view = type.at(buffer, 16);
      for (const { path, at, name } of expected.leaves) {
        const bits = stream.next().value, width = 8 * SIZES[name];
        const value = name.startsWith("i") ? BigInt.asIntN(width, bits) : BigInt.asUintN(width, bits);
        const [owner, key] = reach(view, path);
        owner[key] = width === 64 ? value : Number(value);
        assertEquals(read(data, name, at), owner[key], `${path.join(".")} lies at ${at}`);
        assertEquals(owner[key], width === 64 ? value : Number(value));
      }
      const edges = [new Uint8Array(buffer, 0, 16), new Uint8Array(buffer, 16 + expected.size)];
      assertEquals(edges.flatMap((edge) => [...edge]), Array(32).fill(0), "nothing outside is written");
    }),
  );
});

Deno.test("layout: no two leaves of a struct share a byte", () => {
  fc.assert(fc.property(aggregate(false), (model) => {
    const type = build(model) as Aggregate, { leaves, size } = place(model);
    const buffer = new ArrayBuffer(size);
    const view = type.at(buffer);
    // Each leaf gets its own number in every byte; if any overlapped, an earlier one would have changed at the end.
    const value = (i: number, name: ScalarName) => {
      const pattern = BigInt.asUintN(8 * SIZES[name], 0x0101_0101_0101_0101n * BigInt(i % 127 + 1));
      return SIZES[name] === 8 ? pattern : Number(pattern);
    };
    leaves.forEach(({ path, name }, i) => {
      const [owner, key] = reach(view, path);
      owner[key] = value(i, name);
    });
    leaves.forEach(({ path, name }, i) => {
      const [owner, key] = reach(view, path);
      assertEquals(owner[key], value(i, name));
    });
  }));
});

const pair = layout.struct("pair", { before: layout.u8, u: layout.u64, i: layout.i64, after: layout.u8 });

Deno.test("layout: a u64 is one value as bigint and as two halves", () => {
  fc.assert(fc.property(fc.bigInt(0n, 2n ** 64n - 1n), (value) => {
    const v = pair.create();
    v.u = value;
    assertEquals([v.u_lo, v.u_hi], [Number(value & 0xffff_ffffn), Number(value >> 32n)]);
    const w = pair.create();
    w.u_lo = v.u_lo;
    w.u_hi = v.u_hi;
    assertEquals([w.u, w.i, w.before, w.after], [value, 0n, 0, 0]);
  }));
});

Deno.test("layout: below 2^53 a u64 and an i64 are exact numbers", () => {
  fc.assert(fc.property(fc.maxSafeInteger(), (value) => {
    const v = pair.create();
    v.i_num = value;
    assertEquals([v.i, v.i_num], [BigInt(value), value]);
    assertEquals([v.i_lo, v.i_hi], [Number(BigInt.asUintN(32, v.i)), Number(v.i >> 32n)]);
    const positive = Math.abs(value);
    v.u_num = positive;
    assertEquals([v.u, v.u_num, v.before, v.after], [BigInt(positive), positive, 0, 0]);
  }));
});
