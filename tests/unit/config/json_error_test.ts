import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { jsonErrorOffset } from "../../../src/config/json_error.ts";

const fails = (text: string): boolean => {
  try {
    JSON.parse(text);
    return false;
  } catch {
    return true;
  }
};

Deno.test("config: the place where a text stops being JSON", () => {
  assertEquals(jsonErrorOffset('{\n "a": x}'), 8);
  assertEquals(jsonErrorOffset('{"a":1,}'), 7);
  assertEquals(jsonErrorOffset("[1 2]"), 3);
  assertEquals(jsonErrorOffset(""), 0);
  assertEquals(jsonErrorOffset('{"a": 1} x'), 9);
  assertEquals(jsonErrorOffset('{"a": "no end'), 6);
});

Deno.test("config: valid JSON has no error before its end", () => {
  fc.assert(fc.property(fc.json(), (text) => assertEquals(jsonErrorOffset(text), text.length)));
});

Deno.test("config: cut anywhere, the error lies inside the text or at its end", () => {
  fc.assert(fc.property(fc.json(), fc.nat(), (text, cut) => {
    const part = text.slice(0, cut % (text.length + 1));
    if (fails(part)) assertEquals(jsonErrorOffset(part) <= part.length, true);
  }));
});
