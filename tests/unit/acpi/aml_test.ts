import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  buffer,
  device,
  eisaId,
  field,
  FIELD_ACCESS,
  integer,
  interrupt,
  io,
  irq,
  memory32Fixed,
  method,
  name,
  packageOf,
  qwordMemory,
  ref,
  resourceTemplate,
  text,
} from "../../../src/acpi/aml/mod.ts";
import { MAX_PACKAGE_LENGTH, packaged, packageLength } from "../../../src/acpi/aml/encode.ts";
import { nameString } from "../../../src/acpi/aml/names.ts";

const bytes = (hex: string) => Uint8Array.from(hex.split(" "), (byte) => parseInt(byte, 16));

/** Reads a PkgLength as ACPI 6.5 §20.2.4 defines it. */
function decodePackageLength(encoded: Uint8Array): { value: number; width: number } {
  const following = encoded[0]! >> 6;
  if (following === 0) return { value: encoded[0]! & 0x3f, width: 1 };
  let value = encoded[0]! & 0x0f;
  for (let i = 0; i < following; i++) value += encoded[1 + i]! * 2 ** (4 + 8 * i);
  return { value, width: 1 + following };
}

/** Bytes that hold a number in the shortest PkgLength. */
const shortest = (value: number) => value < 64 ? 1 : value < 4096 ? 2 : value < 2 ** 20 ? 3 : 4;

const LIMITS = [0, 63, 64, 4095, 4096, 2 ** 20 - 1, 2 ** 20, MAX_PACKAGE_LENGTH];

Deno.test("aml: a package length reads back as itself in the fewest bytes", () => {
  const check = (value: number) => {
    const encoded = packageLength(value);
    assertEquals(decodePackageLength(encoded), { value, width: encoded.length });
    assertEquals(encoded.length, shortest(value));
  };
  LIMITS.forEach(check);
  fc.assert(fc.property(fc.integer({ min: 0, max: MAX_PACKAGE_LENGTH }), check));
});

Deno.test("aml: a package length outside its 28 bits is refused", () => {
  for (const value of [-1, 0.5, MAX_PACKAGE_LENGTH + 1, NaN]) {
    assertThrows(() => packageLength(value), RangeError);
  }
});

Deno.test("aml: a package's length counts itself and everything to its end", () => {
  const check = (size: number) => {
    const encoded = packaged([0x5b, 0x82], new Uint8Array(size)).bytes;
    const { value, width } = decodePackageLength(encoded.subarray(2));
    assertEquals(value, encoded.length - 2);
    assertEquals(encoded.length, 2 + width + size);
    assertEquals(width, [1, 2, 3, 4].find((own) => shortest(size + own) === own));
  };
  for (const limit of [64, 4096, 2 ** 20]) {
    for (let size = limit - 6; size <= limit + 2; size++) check(size);
  }
  fc.assert(fc.property(fc.integer({ min: 0, max: 10_000 }), check));
});

Deno.test("aml: integers take their shortest form and keep their value", () => {
  assertEquals(integer(0).bytes, bytes("00"));
  assertEquals(integer(1).bytes, bytes("01"));
  assertEquals(integer(0xff).bytes, bytes("0a ff"));
  assertEquals(integer(0x100).bytes, bytes("0b 00 01"));
  assertEquals(integer(0x1_0000).bytes, bytes("0c 00 00 01 00"));
  assertEquals(integer(2 ** 32).bytes, bytes("0e 00 00 00 00 01 00 00 00"));
  assertEquals(integer(2n ** 64n - 1n).bytes, bytes("0e ff ff ff ff ff ff ff ff"));
  fc.assert(fc.property(fc.bigInt({ min: 2n, max: 2n ** 64n - 1n }), (value) => {
    const [prefix, ...digits] = integer(value).bytes;
    assertEquals(digits.length, { 0x0a: 1, 0x0b: 2, 0x0c: 4, 0x0e: 8 }[prefix!]);
    assertEquals(digits.reduceRight((sum, digit) => sum * 256n + BigInt(digit), 0n), value);
  }));
  for (const wrong of [-1, 1.5, 2 ** 53, -1n, 2n ** 64n]) {
    assertThrows(() => integer(wrong), RangeError);
  }
});

Deno.test("aml: strings are ASCII and end with NUL", () => {
  assertEquals(text("Ab").bytes, bytes("0d 41 62 00"));
  assertThrows(() => text("a\0b"), RangeError);
  assertThrows(() => text("ü"), RangeError);
  assertThrows(() => text("Ā"), RangeError);
});

Deno.test("aml: paths of every form", () => {
  const ascii = (path: string) => new TextDecoder("latin1").decode(nameString(path));
  assertEquals(ascii("_S5"), "_S5_");
  assertEquals(ascii("\\"), "\\\0");
  assertEquals(ascii("\\_SB"), "\\_SB_");
  assertEquals(ascii("^^X"), "^^X___");
  assertEquals(ascii("\\_SB.COM1"), "\\\x2e_SB_COM1");
  assertEquals(ascii("^A.B.C"), "^\x2f\x03A___B___C___");
  for (const wrong of ["", "com1", "TOOLONG", "1ABC", "A..B", "A.", ".A", "\\^A", "A B"]) {
    assertThrows(() => nameString(wrong), RangeError);
  }
});

Deno.test("aml: EISA identifiers pack three letters and four digits", () => {
  assertEquals(eisaId("PNP0501"), 0x0105d041);
  assertEquals(eisaId("PNP0C0F"), 0x0f0cd041);
  fc.assert(fc.property(fc.stringMatching(/^[A-Z]{3}[0-9A-F]{4}$/), (id) => {
    const value = eisaId(id);
    const swapped = ((value & 0xff) << 24 | (value & 0xff00) << 8 | value >>> 8 & 0xff00 | value >>> 24) >>>
      0;
    const letters = [26, 21, 16].map((shift) => String.fromCharCode(0x40 + (swapped >>> shift & 0x1f)));
    assertEquals(letters.join("") + (swapped & 0xffff).toString(16).toUpperCase().padStart(4, "0"), id);
  }));
  for (const wrong of ["PNP050", "pnp0501", "PNP05G1", "ACPI0007"]) {
    assertThrows(() => eisaId(wrong), RangeError);
  }
});

Deno.test("aml: objects nest to the bytes that the specification's grammar gives", () => {
  // Device (A) { Name (_UID, One) Name (B, Package () {2, "x", C}) }
  const tree = device("A", [name("_UID", 1), name("B", packageOf([2, "x", ref("C")]))]);
  assertEquals(
    tree.bytes,
    bytes("5b 82 1c 41 5f 5f 5f 08 5f 55 49 44 01 08 42 5f 5f 5f 12 0b 03 0a 02 0d 78 00 43 5f 5f 5f"),
  );
  assertEquals(buffer(bytes("07 08")).bytes, bytes("11 05 0a 02 07 08"));
  assertEquals(method("_STA", { args: 2, serialized: true }, []).bytes, bytes("14 06 5f 53 54 41 0a"));
  // A field's widths are bare lengths: 8 bits, then 100 skipped.
  assertEquals(
    field("R", { access: FIELD_ACCESS.BYTE }, [{ name: "F", bits: 8 }, { bits: 100 }]).bytes,
    bytes("5b 81 0e 52 5f 5f 5f 01 46 5f 5f 5f 08 00 44 06"),
  );
  assertThrows(() => method("M", { args: 8 }, []), RangeError);
  assertThrows(() => packageOf(new Array(256).fill(0)), RangeError);
});

Deno.test("aml: resource descriptors match the specification's tables", () => {
  assertEquals(io(0x3f8, 8), bytes("47 01 f8 03 f8 03 01 08"));
  assertEquals(irq(4), bytes("22 10 00"));
  assertEquals(irq(9, { level: true, activeLow: true, shared: true }), bytes("23 00 02 18"));
  assertEquals(irq(3, { shared: true }), bytes("23 08 00 11"));
  assertEquals(interrupt(20), bytes("89 06 00 03 01 14 00 00 00"));
  assertEquals(interrupt(5, { level: true, shared: true }), bytes("89 06 00 09 01 05 00 00 00"));
  assertEquals(memory32Fixed(0xd000_0000, 0x1000), bytes("86 09 00 01 00 00 00 d0 00 10 00 00"));
  assertEquals(
    qwordMemory(2 ** 36, 2 ** 32, { window: true, caching: "prefetchable" }),
    bytes(
      "8a 2b 00 00 0c 07 00 00 00 00 00 00 00 00 00 00 00 00 10 00 00 00 ff ff ff ff 10 00 00 00 " +
        "00 00 00 00 00 00 00 00 00 00 00 00 01 00 00 00",
    ),
  );
  const template = resourceTemplate([irq(1)]).bytes;
  assertEquals(template, bytes("11 08 0a 05 22 02 00 79 00"));
  assert(template.at(-2) === 0x79, "ends with the end tag");
  assertThrows(() => io(0x1_0000, 1), RangeError);
  assertThrows(() => irq(16), RangeError);
});
