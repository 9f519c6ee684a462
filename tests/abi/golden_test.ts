import { assert, assertEquals, assertMatch } from "@std/assert";
import { array, i32, struct, u16, u32, u64, u8 } from "../../ffi/layout.ts";
import { NOT_ABI } from "./c_names.ts";
import { cProgram } from "./c_program.ts";
import { compileAndRun, compilerWorks } from "./compiler.ts";
import { compare, disagreements, type Golden, readGolden } from "./golden.ts";
import { type Declared, ffiModules, type Inventory, takeInventory } from "./inventory.ts";
import { NEWER_CONSTANTS, NEWER_LAYOUTS } from "./newer.ts";

Deno.test("abi: ffi/ declares what the golden data says (else: deno task abi)", async () => {
  assertEquals(compare(await takeInventory(), readGolden()), []);
});

Deno.test("abi: no number in ffi/ escapes the proof by not being exported", () => {
  const hidden = ffiModules().flatMap((url) =>
    [...Deno.readTextFileSync(url).matchAll(/^const ([A-Z][A-Z0-9_]*)\b.* = [0-9]/gm)].map((match) =>
      match[1]!
    )
  );
  assertEquals(hidden.filter((name) => !NOT_ABI.has(name)), []);
});

const compiler = compilerWorks();
Deno.test({
  name: `abi: gcc and the headers here say what the golden data says${
    compiler ? "" : " (ignored: no gcc, or no headers of libc and the kernel)"
  }`,
  ignore: !compiler,
  fn: async () => {
    const inventory = await takeInventory();
    const fresh: Golden = JSON.parse(compileAndRun(cProgram(inventory)));
    assertEquals(disagreements(readGolden(), fresh), []);
    assertEquals(compare(inventory, fresh), []);
  },
});

Deno.test("abi: what the golden headers lack is listed with its source, is used, and is listed only then", async () => {
  const { constants, structs } = await takeInventory();
  const golden = readGolden();
  for (const [name, { since, source }] of Object.entries(NEWER_CONSTANTS)) {
    assert(constants.has(name), `${name} is listed but not used`);
    assert(!(name in golden.constants), `${name} is in the golden headers: no need to list it`);
    assertMatch(since, /^\d+\.\d+$/);
    assert(source.length > 0);
  }
  for (const path of Object.keys(NEWER_LAYOUTS)) {
    const [name, field] = path.split(".") as [string, string?];
    const layout = structs.get(name);
    assert(layout && (field === undefined || field in layout.fields), `${path} is listed but not used`);
    const known = golden.structs[name];
    assert(known === undefined || (field && !(field in known.fields)), `${path} is in the golden headers`);
  }
});

/** An inventory of one struct that should be `{ u32 a; u64 b; u8 c[8]; }`, and one constant that should be 1. */
function claim(layout: Declared, constant: number): Inventory {
  return { structs: new Map([[layout.name, layout]]), constants: new Map([["ONE", constant]]) };
}

const TRUTH: Golden = {
  linux: "6.1",
  constants: { ONE: 1 },
  structs: {
    thing: {
      size: 24,
      align: 8,
      fields: {
        a: { offset: 0, size: 4, type: "u32" },
        b: { offset: 8, size: 8, type: "u64" },
        c: { offset: 16, size: 8, type: "char[8]" },
      },
    },
  },
};

Deno.test("abi: the comparison notices every kind of mistake", () => {
  const differences = (layout: unknown, constant = 1) => compare(claim(layout as Declared, constant), TRUTH);
  assertEquals(differences(struct("thing", { a: u32, b: u64, c: array(u8, 8) })), []);
  assertEquals(differences(struct("thing", { a: u32, b: u64, c: array(u8, 8) }), 2), [
    "ONE: ours is 2, C's 1",
  ]);
  assertEquals(differences(struct("thing", { a: i32, b: u64, c: array(u8, 8) })), [
    "thing.a: ours is i32, C's u32",
  ]);
  assertEquals(differences(struct("thing", { a: u32, b: u64, c: array(u16, 4) })), [
    "thing.c: ours is u16[4], C's char[8]",
  ]);
  assertEquals(differences(struct("thing", { a: u32, b: u64 })), [
    "thing: ours has 16 bytes, C's 24",
    "thing.c: in the golden data, but no longer in ffi/",
  ]);
  assertEquals(differences(struct("thing", { b: u64, a: u32, c: array(u8, 8) })), [
    "thing.b: ours is at offset 0, C's at 8",
    "thing.a: ours is at offset 8, C's at 0",
    "thing.c: ours is at offset 12, C's at 16",
  ]);
  assertEquals(differences(struct("other", { a: u32 })), [
    "other: not in the golden data, nor in tests/abi/newer.ts",
    "thing: in the golden data, but no longer in ffi/",
  ]);
});

Deno.test("abi: a compiler that disagrees with the golden data is noticed", () => {
  assertEquals(disagreements(TRUTH, TRUTH), []);
  assertEquals(disagreements(TRUTH, { ...TRUTH, linux: "9.9" }), []);
  assertEquals(disagreements(TRUTH, { ...TRUTH, constants: { ONE: 3 } }), ["ONE: golden 1, compiler 3"]);
  assertEquals(disagreements(TRUTH, { ...TRUTH, structs: {} }), [
    `thing: golden ${JSON.stringify(TRUTH.structs["thing"])}, compiler undefined`,
  ]);
});
