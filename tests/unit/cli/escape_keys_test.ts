import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { EscapeKeys } from "../../../src/cli/terminal/escape_keys.ts";

/** Feeds chunks and returns all that came out, guest bytes of one stretch joined. */
function run(chunks: readonly Uint8Array[]): (string | number[])[] {
  const out: (string | number[])[] = [];
  const keys = new EscapeKeys({
    guest(bytes) {
      const last = out.at(-1);
      if (Array.isArray(last)) last.push(...bytes);
      else out.push([...bytes]);
    },
    command: (command) => void out.push(command),
    unknown: () => void out.push("unknown"),
  });
  for (const chunk of chunks) keys.feed(chunk);
  return out;
}

const bytes = (text: string) => new TextEncoder().encode(text);

/** Cuts bytes at some places. */
function cut(all: Uint8Array, places: readonly number[]): Uint8Array[] {
  const sorted = [0, ...places.map((place) => place % (all.length + 1)).sort((a, b) => a - b), all.length];
  return sorted.slice(1).map((end, i) => all.subarray(sorted[i], end));
}

Deno.test("escape keys: bytes without Ctrl-A pass untouched, however they are cut", () => {
  const plain = fc.uint8Array({ max: 255 }).map((array) => array.filter((byte) => byte !== 1));
  fc.assert(fc.property(plain, fc.array(fc.nat()), (all, places) => {
    assertEquals(run(cut(all, places)).flat(), [...all]);
  }));
});

Deno.test("escape keys: what comes out does not depend on how input is cut", () => {
  const busy = fc.array(
    fc.oneof(fc.constant(1), fc.constantFrom(..."xhpbcwta?q").map((c) => c.charCodeAt(0))),
  );
  fc.assert(fc.property(busy, fc.array(fc.nat()), (all, places) => {
    const input = Uint8Array.from(all);
    assertEquals(run(cut(input, places)), run([input]));
  }));
});

Deno.test("escape keys: each key does what the help says", () => {
  const commands = {
    x: "end",
    h: "help",
    "?": "help",
    p: "pause",
    b: "power-button",
    c: "ctrl-alt-del",
    w: "window-size",
    t: "trace",
    X: "end",
  };
  for (const [key, command] of Object.entries(commands)) assertEquals(run([bytes(`\x01${key}`)]), [command]);
});

Deno.test("escape keys: Ctrl-A itself can be sent, in two ways", () => {
  assertEquals(run([bytes("1\x01\x01x\x01ax")]), [[...bytes("1\x01x\x01x")]]);
});

Deno.test("escape keys: a meaningless key reaches nobody", () => {
  for (const key of ["q", "\x00", "\r", "\xff", "_"]) {
    assertEquals(run([bytes(`\x01${key[0]}`)])[0], "unknown");
  }
  assertEquals(run([Uint8Array.of(1, 255, 65)]), ["unknown", [65]]);
});
