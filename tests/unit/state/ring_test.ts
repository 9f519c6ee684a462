import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { ByteRing } from "../../../src/state/ring.ts";

function ring(capacity: number, buffer = new SharedArrayBuffer(ByteRing.bytes(capacity) + 64)): ByteRing {
  return new ByteRing(buffer, 64, capacity);
}

Deno.test("ring: bytes leave in the order they came, and the ends are told", () => {
  const r = ring(4);
  assertEquals([1, 2, 3, 4, 5].map((b) => r.push(b)), [true, true, true, true, false]);
  assertEquals([r.length, r.space], [4, 0]);
  assertEquals(Array.from({ length: 5 }, () => r.shift()), [1, 2, 3, 4, -1]);
  assertEquals([r.length, r.space], [0, 4]);
});

Deno.test("ring: a second object over the same bytes is the same queue", () => {
  const buffer = new SharedArrayBuffer(ByteRing.bytes(8) + 64);
  const producer = ring(8, buffer);
  producer.push(7);
  const consumer = ring(8, buffer);
  assertEquals(consumer.shift(), 7);
  assertEquals(producer.length, 0);
});

Deno.test("ring: counters wrap at 2^32 without a hiccup", () => {
  const buffer = new SharedArrayBuffer(ByteRing.bytes(8));
  // Both counters two before the wrap, then two before the sign changes.
  for (const start of [-2, 0x7fff_fffe]) {
    new Int32Array(buffer)[0] = start;
    new Int32Array(buffer)[16] = start;
    const r = new ByteRing(buffer, 0, 8);
    assertEquals(r.write(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9)), 8);
    assertEquals([r.length, r.push(1)], [8, false]);
    const out = new Uint8Array(9);
    assertEquals([r.read(out), r.length], [8, 0]);
    assertEquals([...out], [1, 2, 3, 4, 5, 6, 7, 8, 0]);
  }
});

Deno.test("ring: never more nor less than a plain queue, whatever the mix of calls", () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant("push" as const), byte: fc.nat(255) }),
    fc.record({ kind: fc.constant("shift" as const) }),
    fc.record({ kind: fc.constant("write" as const), bytes: fc.uint8Array({ maxLength: 40 }) }),
    fc.record({ kind: fc.constant("read" as const), size: fc.nat(40) }),
  );
  fc.assert(
    fc.property(fc.constantFrom(1, 2, 16, 32), fc.array(step, { maxLength: 200 }), (capacity, steps) => {
      const r = ring(capacity);
      const model: number[] = [];
      for (const s of steps) {
        if (s.kind === "push") {
          assertEquals(r.push(s.byte), model.length < capacity);
          if (model.length < capacity) model.push(s.byte);
        } else if (s.kind === "shift") {
          assertEquals(r.shift(), model.shift() ?? -1);
        } else if (s.kind === "write") {
          const fits = s.bytes.subarray(0, capacity - model.length);
          assertEquals(r.write(s.bytes), fits.length);
          model.push(...fits);
        } else {
          const into = new Uint8Array(s.size);
          const expected = model.splice(0, s.size);
          assertEquals(r.read(into), expected.length);
          assertEquals([...into.subarray(0, expected.length)], expected);
        }
        assertEquals([r.length, r.space], [model.length, capacity - model.length]);
      }
    }),
  );
});

Deno.test("ring: a producer in another thread loses no byte", async () => {
  const buffer = new SharedArrayBuffer(ByteRing.bytes(256));
  const worker = new Worker(new URL("./ring_producer.ts", import.meta.url), { type: "module" });
  const total = 20_000;
  worker.postMessage({ buffer, capacity: 256, total });
  const r = new ByteRing(buffer, 0, 256);
  const chunk = new Uint8Array(17);
  let seen = 0, wrong = 0;
  while (seen < total) {
    const count = r.read(chunk);
    for (let i = 0; i < count; i++) if (chunk[i] !== ((seen + i) & 0xff)) wrong++;
    seen += count;
    if (count === 0) await new Promise((resolve) => setTimeout(resolve, 0));
  }
  worker.terminate();
  assertEquals([seen, wrong], [total, 0]);
});

Deno.test("ring: impossible shapes are refused", () => {
  for (const capacity of [0, 3, -4, 1.5, 2 ** 31, NaN]) {
    assertThrows(() => ByteRing.bytes(capacity), RangeError);
  }
  assertThrows(() => new ByteRing(new ArrayBuffer(100), 0, 64), RangeError);
  assertThrows(() => new ByteRing(new ArrayBuffer(400), 2, 64), RangeError);
});
