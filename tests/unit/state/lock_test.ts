import { assertEquals } from "@std/assert";
import { Lock } from "../../../src/state/lock.ts";
import { hammerLock, type LockJob, WORD } from "./lock_worker.ts";

Deno.test("lock: free, held, free", () => {
  const words = new Int32Array(new SharedArrayBuffer(4));
  const lock = new Lock(words, 0);
  lock.acquire();
  assertEquals(words[0], 1);
  lock.release();
  assertEquals(words[0], 0);
});

Deno.test("lock: three threads, the main one included, never overlap and never sleep for good", async () => {
  const job: LockJob = {
    words: new Int32Array(new SharedArrayBuffer(4 * WORD.COUNT)),
    threads: 3,
    rounds: 30_000,
  };
  const workers = Array.from({ length: job.threads - 1 }, () => {
    const worker = new Worker(new URL("./lock_worker.ts", import.meta.url), { type: "module" });
    worker.postMessage(job);
    return worker;
  });
  const done = workers.map((worker) => new Promise<void>((resolve) => worker.onmessage = () => resolve()));
  hammerLock(job);
  await Promise.all(done);
  for (const worker of workers) worker.terminate();
  const total = job.threads * job.rounds;
  assertEquals([job.words[WORD.A], job.words[WORD.B], job.words[WORD.TORN]], [total, total, 0]);
  assertEquals(job.words[WORD.LOCK], 0);
});
