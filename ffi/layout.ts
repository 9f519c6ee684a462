/**
 * C struct layouts as TypeScript values: sizes, offsets, alignment and typed accessors.
 *
 * A declaration is the C one, in C's order. {@link struct} places fields as the x86-64 System V ABI does (each at a
 * multiple of its alignment, the whole padded to its largest alignment), {@link packed} places them back to back, and
 * {@link union} places them all at offset 0. Everything is little-endian, as KVM's x86 interface is.
 *
 * ```ts
 * import { array, struct, u32, u64, u8 } from "./layout.ts";
 *
 * const region = struct("region", { slot: u32, base: u64, tag: array(u8, 4) });
 * console.assert(region.size === 24 && region.offset("base") === 8);
 *
 * const view = region.create(); // or region.at(buffer, byteOffset): no copy
 * view.base = 0x1_0000_0000n; //   u64 as bigint …
 * console.assert(view.base_lo === 0 && view.base_hi === 1); // … as two halves …
 * console.assert(view.base_num === 2 ** 32); // … or as a number, exact below 2^53
 * ```
 *
 * A struct's accessor class is made once, at its first use, from generated source with literal offsets. V8 inlines such
 * a getter to a single load, as cheap as a bare DataView's and no cheaper than a closure over the offset would be
 * (`tests/bench/layout.ts`); the source is what a person would write by hand, and shows as that in a debugger. Let a hot
 * access see one type of struct: where it sees many, it costs some 12 ns instead of under 1.
 *
 * @module
 */

type ScalarName = "u8" | "u16" | "u32" | "u64" | "i8" | "i16" | "i32" | "i64";

/** A machine integer. */
export interface Scalar<Name extends ScalarName = ScalarName> {
  readonly kind: "scalar";
  readonly name: Name;
  readonly size: number;
  readonly align: number;
}

/** `length` elements of one type, back to back. */
export interface ArrayOf<T extends FieldType = FieldType> {
  readonly kind: "array";
  readonly element: T;
  readonly length: number;
  readonly size: number;
  readonly align: number;
}

/** A struct or union as a field's type: what does not depend on its own fields' types. */
export interface Aggregate {
  readonly kind: "struct";
  readonly name: string;
  readonly fields: Fields;
  readonly size: number;
  readonly align: number;
  /** A view of the struct in place. */
  at(buffer: ArrayBufferLike, byteOffset?: number): unknown;
}

/** What a struct's field may be. */
export type FieldType = Scalar | ArrayOf | Aggregate;

/** Field names and types, in the order of memory. */
export type Fields = { readonly [name: string]: FieldType };

const scalar = <Name extends ScalarName>(name: Name, size: number): Scalar<Name> => ({
  kind: "scalar",
  name,
  size,
  align: size,
});

/** `uint8_t`, a number. */
export const u8: Scalar<"u8"> = scalar("u8", 1);
/** `uint16_t`, a number. */
export const u16: Scalar<"u16"> = scalar("u16", 2);
/** `uint32_t`, a number. */
export const u32: Scalar<"u32"> = scalar("u32", 4);
/** `uint64_t`: a bigint, and as `name_lo`, `name_hi`, `name_num` numbers. */
export const u64: Scalar<"u64"> = scalar("u64", 8);
/** `int8_t`, a number. */
export const i8: Scalar<"i8"> = scalar("i8", 1);
/** `int16_t`, a number. */
export const i16: Scalar<"i16"> = scalar("i16", 2);
/** `int32_t`, a number. */
export const i32: Scalar<"i32"> = scalar("i32", 4);
/** `int64_t`: a bigint, and halves as for {@link u64}. */
export const i64: Scalar<"i64"> = scalar("i64", 8);
/** A pointer of the x86-64 ABI: as {@link u64}. */
export const pointer: Scalar<"u64"> = u64;

/**
 * `element[length]`; 0 is C's flexible array at a struct's end. Scalars read as a typed array over the same bytes,
 * structs as a list of views. JavaScript has no misaligned typed arrays: reading one in a packed struct throws a
 * RangeError where it does not lie at a multiple of its element's size.
 */
export function array<T extends FieldType>(element: T, length: number): ArrayOf<T> {
  if (!Number.isSafeInteger(length) || length < 0) throw new RangeError(`an array of ${length} elements`);
  return { kind: "array", element, length, size: element.size * length, align: element.align };
}

type TypedArrays = {
  u8: Uint8Array;
  u16: Uint16Array;
  u32: Uint32Array;
  u64: BigUint64Array;
  i8: Int8Array;
  i16: Int16Array;
  i32: Int32Array;
  i64: BigInt64Array;
};
type WideName = "u64" | "i64";
type ScalarKeys<F extends Fields> = { [K in keyof F]: F[K] extends Scalar ? K : never }[keyof F];
type WideKeys<F extends Fields> =
  & { [K in keyof F]: F[K] extends Scalar<WideName> ? K : never }[keyof F]
  & string;
type Value<T> = T extends Scalar<infer Name> ? (Name extends WideName ? bigint : number)
  : T extends ArrayOf<infer E> ? (E extends Scalar<infer Name> ? TypedArrays[Name] : readonly Value<E>[])
  : T extends { readonly kind: "struct"; readonly fields: infer F extends Fields } ? FieldView<F>
  : never;

/** The accessors of a struct with these fields, over memory that somebody else owns. */
export type FieldView<F extends Fields> =
  & { -readonly [K in ScalarKeys<F>]: Value<F[K]> }
  & { readonly [K in Exclude<keyof F, ScalarKeys<F>>]: Value<F[K]> }
  & { [K in WideKeys<F> as `${K}_lo` | `${K}_hi` | `${K}_num`]: number }
  & {
    /** The struct's bytes themselves. */
    readonly $bytes: Uint8Array<ArrayBuffer>;
  };

/** The view type of a struct: `type Regs = View<typeof kvm_regs>`. */
export type View<S extends Aggregate> = FieldView<S["fields"]>;

type ViewClass<F extends Fields> = new (buffer: ArrayBufferLike, byteOffset: number) => FieldView<F>;

/** A struct or union type: its layout, and views of memory through it. */
export class Struct<F extends Fields> implements Aggregate {
  readonly kind = "struct";
  readonly #offsets: ReadonlyMap<string, number>;
  #viewClass: ViewClass<F> | undefined;

  /** Use {@link struct}, {@link packed} or {@link union}. */
  constructor(
    /** The C name. */
    readonly name: string,
    /** Field types by name. */
    readonly fields: F,
    offsets: ReadonlyMap<string, number>,
    /** Size in bytes, tail padding included. */
    readonly size: number,
    /** Alignment in bytes. */
    readonly align: number,
  ) {
    checkNames(name, fields);
    this.#offsets = offsets;
  }

  /** Offset of a field in bytes from the struct's start, as C's `offsetof`. Throws a TypeError for no field of it. */
  offset(field: keyof F & string): number {
    const offset = this.#offsets.get(field);
    if (offset === undefined) throw new TypeError(`${this.name} has no field "${field}"`);
    return offset;
  }

  /**
   * A view of the struct in place: reads and writes go to `buffer`. Throws a RangeError if the struct does not fit
   * behind `byteOffset`. Make it once and keep it: a view costs some 30 ns, an access through it under 1 ns.
   */
  at(buffer: ArrayBufferLike, byteOffset = 0): FieldView<F> {
    this.#viewClass ??= compile(this, this.#offsets) as ViewClass<F>;
    return new this.#viewClass(buffer, byteOffset);
  }

  /** A view of fresh zeroed memory, with room for `tail` bytes more (a flexible array at the end). */
  create(tail = 0): FieldView<F> {
    return this.at(new ArrayBuffer(this.size + tail));
  }
}

/** A C struct: fields at their natural alignment. */
export function struct<F extends Fields>(name: string, fields: F): Struct<F> {
  let end = 0, align = 1;
  const offsets = new Map<string, number>();
  for (const [field, type] of Object.entries(fields)) {
    const at = alignUp(end, type.align);
    offsets.set(field, at);
    end = at + type.size;
    align = Math.max(align, type.align);
  }
  return new Struct(name, fields, offsets, alignUp(end, align), align);
}

/** A C struct with `__attribute__((packed))`: no padding, alignment 1. */
export function packed<F extends Fields>(name: string, fields: F): Struct<F> {
  let end = 0;
  const offsets = new Map<string, number>();
  for (const [field, type] of Object.entries(fields)) {
    offsets.set(field, end);
    end += type.size;
  }
  return new Struct(name, fields, offsets, end, 1);
}

/** A C union: every field at offset 0. */
export function union<F extends Fields>(name: string, fields: F): Struct<F> {
  const types = Object.values(fields);
  const align = Math.max(1, ...types.map((type) => type.align));
  const size = alignUp(Math.max(0, ...types.map((type) => type.size)), align);
  return new Struct(name, fields, new Map(Object.keys(fields).map((field) => [field, 0])), size, align);
}

/** The next multiple of `align` at or above `value`. */
export function alignUp(value: number, align: number): number {
  return Math.ceil(value / align) * align;
}

const DATA_VIEW_NAME: Record<ScalarName, string> = {
  u8: "Uint8",
  u16: "Uint16",
  u32: "Uint32",
  u64: "BigUint64",
  i8: "Int8",
  i16: "Int16",
  i32: "Int32",
  i64: "BigInt64",
};

/** Field names become accessors in generated source: identifiers only, and none that another field's halves take. */
function checkNames(struct: string, fields: Fields): void {
  for (const [field, type] of Object.entries(fields)) {
    if (!/^[A-Za-z_]\w*$/.test(field) || field === "constructor") {
      throw new TypeError(`${struct}: "${field}" is no field name`);
    }
    if (type.kind !== "scalar" || type.size < 8) continue;
    const taken = ["_lo", "_hi", "_num"].map((suffix) => field + suffix).find((name) => name in fields);
    if (taken !== undefined) throw new TypeError(`${struct}: "${taken}" is already a part of "${field}"`);
  }
}

/** Source of one scalar's getters and setters at a literal offset. */
function scalarSource(field: string, type: Scalar, at: number): string {
  const access = DATA_VIEW_NAME[type.name];
  const end = type.size === 1 ? "" : ", true";
  const source = `get ${field}() { return this.$.get${access}(${at}${end}); }
set ${field}(v) { this.$.set${access}(${at}, v${end}); }`;
  if (type.size < 8) return source;
  const high = type.name === "i64" ? "Int32" : "Uint32";
  return `${source}
get ${field}_lo() { return this.$.getUint32(${at}, true); }
set ${field}_lo(v) { this.$.setUint32(${at}, v, true); }
get ${field}_hi() { return this.$.get${high}(${at + 4}, true); }
set ${field}_hi(v) { this.$.set${high}(${at + 4}, v, true); }
get ${field}_num() { return this.$.getUint32(${at}, true) + this.$.get${high}(${at + 4}, true) * 4294967296; }
set ${field}_num(v) {
  this.$.setUint32(${at}, v >>> 0, true);
  this.$.set${high}(${at + 4}, Math.floor(v / 4294967296), true);
}`;
}

/** Builds the accessor class. Arrays and nested structs are made at their first use and kept. */
function compile(type: Aggregate, offsets: ReadonlyMap<string, number>): unknown {
  const parts: string[] = [];
  for (const [field, fieldType] of Object.entries(type.fields)) {
    const at = offsets.get(field)!;
    parts.push(
      fieldType.kind === "scalar"
        ? scalarSource(field, fieldType, at)
        : `get ${field}() { return this.$kept_${field} ??= nested(fields.${field}, this.$.buffer, this.$.byteOffset + ${at}); }`,
    );
  }
  const kept = Object.entries(type.fields).filter(([, t]) => t.kind !== "scalar")
    .map(([field]) => `$kept_${field};`).join(" ");
  // Field names are the only text in it that varies, and are identifiers: see checkNames.
  const source = `return { [name]: class {
${kept} $;
constructor(buffer, byteOffset) { this.$ = new DataView(buffer, byteOffset, ${type.size}); }
get $bytes() { return new Uint8Array(this.$.buffer, this.$.byteOffset, ${type.size}); }
${parts.join("\n")}
} }[name];`;
  return new Function("nested", "fields", "name", source)(nested, type.fields, type.name);
}

const TYPED_ARRAY: { [K in ScalarName]: new (b: ArrayBufferLike, o: number, n: number) => TypedArrays[K] } = {
  u8: Uint8Array,
  u16: Uint16Array,
  u32: Uint32Array,
  u64: BigUint64Array,
  i8: Int8Array,
  i16: Int16Array,
  i32: Int32Array,
  i64: BigInt64Array,
};

function nested(type: ArrayOf | Aggregate, buffer: ArrayBufferLike, byteOffset: number): unknown {
  if (type.kind === "struct") return type.at(buffer, byteOffset);
  const { element, length } = type;
  if (element.kind === "scalar") return new TYPED_ARRAY[element.name](buffer, byteOffset, length);
  return Array.from({ length }, (_, index) => nested(element, buffer, byteOffset + index * element.size));
}
