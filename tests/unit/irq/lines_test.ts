import { assertEquals, assertGreater } from "@std/assert";
import { type IrqController, LinePin } from "../../../src/irq/lines.ts";
import { Lock } from "../../../src/state/lock.ts";
import { GSI, type LineJob, WORD } from "./lines_worker.ts";

/** A controller's log and pins of any line to it. */
function board() {
  const log: string[] = [];
  const controller: IrqController = { setLine: (gsi, level) => void log.push(`${gsi}:${level}`) };
  const sources = new Uint32Array(new SharedArrayBuffer(24 * 4));
  const locks = new Int32Array(new SharedArrayBuffer(24 * 4));
  return {
    log,
    sources,
    locks,
    pin: (gsi: number, source: number) => new LinePin(sources, gsi, source, new Lock(locks, gsi), controller),
  };
}

Deno.test("irq lines: the controller is told of changes only", () => {
  const { log, pin, locks } = board();
  const com1 = pin(4, 0);
  com1.set(false);
  assertEquals(log, []);
  com1.set(true);
  com1.set(true);
  com1.set(false);
  com1.set(false);
  assertEquals(log, ["4:1", "4:0"]);
  assertEquals([...locks].every((word) => word === 0), true);
});

Deno.test("irq lines: a shared line is high while any source holds it", () => {
  const { log, pin, sources } = board();
  const com1 = pin(4, 0), com3 = pin(4, 1), last = pin(4, 31);
  com1.set(true);
  com3.set(true);
  last.set(true);
  com1.set(false);
  com3.set(false);
  assertEquals([log, sources[4]], [["4:1"], 0x8000_0000]);
  last.set(false);
  assertEquals([log, sources[4]], [["4:1", "4:0"], 0]);
});

Deno.test("irq lines: other lines are other wires", () => {
  const { log, pin } = board();
  pin(4, 0).set(true);
  pin(3, 0).set(true);
  pin(4, 0).set(false);
  assertEquals(log, ["4:1", "3:1", "4:0"]);
});

Deno.test("irq lines: two threads on one line never leave it at the wrong level", async () => {
  for (const [first, second] of [[false, false], [true, false], [true, true]] as const) {
    const words = new Int32Array(new SharedArrayBuffer(4 * WORD.COUNT));
    const sources = new Uint32Array(new SharedArrayBuffer(24 * 4));
    const workers = [first, second].map((leaveHigh, source) => {
      const worker = new Worker(new URL("./lines_worker.ts", import.meta.url), { type: "module" });
      worker.postMessage({ words, sources, source, threads: 2, rounds: 20_000, leaveHigh } satisfies LineJob);
      return worker;
    });
    await Promise.all(workers.map((worker) => new Promise((resolve) => worker.onmessage = resolve)));
    for (const worker of workers) worker.terminate();
    assertEquals(words[WORD.LEVEL], first || second ? 1 : 0, "the level that the controller has at the end");
    assertEquals(words[WORD.REPEATED], 0, "the controller was told each level once");
    assertEquals(sources[GSI], (first ? 1 : 0) | (second ? 2 : 0));
    assertGreater(words[WORD.EDGES]!, 1);
  }
});
