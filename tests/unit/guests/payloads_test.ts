import { assertEquals, assertNotEquals } from "@std/assert";
import { readKernel } from "../../../src/boot/detect.ts";
import { memoryImage } from "../../../src/boot/image_file.ts";
import { hammer } from "../../../src/guests/payloads/hammer.ts";
import * as loops from "../../../src/guests/payloads/loops.ts";

const hex = (bytes: Uint8Array): string => Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");

Deno.test("guests: small payloads are the bytes one would write by hand", () => {
  assertEquals(hex(loops.portWrites(0x80).image), "ba8000" + "6631c0" + "ee" + "ebfd");
  assertEquals(hex(loops.portReads(0x80, { width: 4 }).image), "ba8000" + "6631c0" + "66ed" + "ebfc");
  assertEquals(hex(loops.spin("real").image), "f390" + "ebfc");
  assertEquals(hex(loops.halt().image), "fa" + "f4" + "ebfc");
  // A count in ECX, and power off through PM1a control at its end.
  const counted = hex(loops.portWrites(0x80, { count: 3 }).image);
  assertEquals(
    counted,
    "ba8000" + "6631c0" + "66b903000000" + "ee" + "6649" + "75fb" + "ba0406" + "b80034" + "ef" + "f4ebfd",
  );
});

Deno.test("guests: our own loader takes every ELF payload by PVH", () => {
  const payloads = [
    loops.portWrites(0x80, { mode: "kernel" }),
    loops.portReads(0x80, { mode: "user", width: 2 }),
    loops.mmioWrites(0xd000_0000),
    loops.uartBytes(0x3f8, { mode: "user", count: 5 }),
    loops.tripleFault(),
    loops.runAway(0xd000_0000),
    loops.spin(),
    hammer({ seed: 1, rounds: 1 }),
  ];
  for (const { protocol, image } of payloads) {
    assertEquals(protocol, "pvh");
    assertEquals(readKernel(memoryImage("a payload", image), "auto").info.protocol, "pvh");
  }
});

Deno.test("guests: a string payload holds its text behind its code", () => {
  const { image } = loops.stringOut(0xe9, "hello");
  assertEquals(new TextDecoder().decode(image.subarray(-5)), "hello");
  // MOV SI, offset of the text: the address that it is loaded at.
  assertEquals(image[1], 0xbe);
  assertEquals(image[2]! | image[3]! << 8, 0x7c00 + image.length - 5);
});

Deno.test("guests: the hammer depends on its seed alone, and has code for each port it avoids", () => {
  const windows = [{ gpa: 0xd000_0000, size: 0x1000 }];
  const first = hammer({ seed: 1, rounds: 10, windows }).image;
  assertEquals(first, hammer({ seed: 1, rounds: 10, windows }).image);
  assertNotEquals(first, hammer({ seed: 2, rounds: 10, windows }).image);
  const avoiding = hammer({ seed: 1, rounds: 10, windows, avoid: [0x604] }).image;
  // SUB EAX, 0x604 - 3; CMP EAX, 3: the four ports from which an access reaches 0x604.
  assertEquals(hex(avoiding).includes("81e801060000" + "83f803"), true);
  assertEquals(hex(first).includes("83f803"), false);
});
