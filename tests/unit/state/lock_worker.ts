/** One of the threads of the lock's test: adds to two plain counters under the lock, `rounds` times. */
import { Lock } from "../../../src/state/lock.ts";

/** Words: the lock, two counters that must always be equal, threads that are ready, inequalities seen. */
export const WORD = { LOCK: 0, A: 1, B: 2, READY: 3, TORN: 4, COUNT: 5 } as const;

export interface LockJob {
  readonly words: Int32Array<SharedArrayBuffer>;
  readonly threads: number;
  readonly rounds: number;
}

/** Takes part; begins when all threads are there, so that they do meet. */
export function hammerLock({ words, threads, rounds }: LockJob): void {
  const lock = new Lock(words, WORD.LOCK);
  Atomics.add(words, WORD.READY, 1);
  Atomics.notify(words, WORD.READY);
  for (let ready = 0; (ready = Atomics.load(words, WORD.READY)) < threads;) {
    Atomics.wait(words, WORD.READY, ready);
  }
  for (let i = 0; i < rounds; i++) {
    lock.acquire();
    try {
      if (words[WORD.A] !== words[WORD.B]) words[WORD.TORN]!++;
      words[WORD.A]!++;
      for (let spin = i % 64; spin > 0; spin--) Atomics.load(words, WORD.TORN); // longer and shorter holds
      words[WORD.B]!++;
    } finally {
      lock.release();
    }
  }
}

if ("WorkerGlobalScope" in globalThis) {
  const scope = globalThis as unknown as {
    onmessage: (event: MessageEvent<LockJob>) => void;
    postMessage(message: string): void;
  };
  scope.onmessage = ({ data }) => {
    hammerLock(data);
    scope.postMessage("done");
  };
}
