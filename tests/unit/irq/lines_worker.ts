/** One source of a shared interrupt line in a thread of its own: raises and lowers it, and leaves it as told. */
import { type IrqController, LinePin } from "../../../src/irq/lines.ts";
import { Lock } from "../../../src/state/lock.ts";

export const GSI = 4;
/** Words: the line's lock, the level that the controller was last told, what it was told twice, threads, edges. */
export const WORD = { LOCK: 0, LEVEL: 1, REPEATED: 2, READY: 3, EDGES: 4, COUNT: 5 } as const;

export interface LineJob {
  readonly words: Int32Array<SharedArrayBuffer>;
  readonly sources: Uint32Array<SharedArrayBuffer>;
  readonly source: number;
  readonly threads: number;
  readonly rounds: number;
  readonly leaveHigh: boolean;
}

/** An interrupt controller that takes its time, so that callers without a lock would overtake each other. */
export class SlowController implements IrqController {
  constructor(private readonly words: Int32Array<SharedArrayBuffer>) {}

  setLine(_gsi: number, level: 0 | 1): void {
    if (Atomics.load(this.words, WORD.LEVEL) === level) Atomics.add(this.words, WORD.REPEATED, 1);
    for (let i = 0; i < 20; i++) Atomics.load(this.words, WORD.LOCK);
    Atomics.store(this.words, WORD.LEVEL, level);
    Atomics.add(this.words, WORD.EDGES, 1);
  }
}

/** Takes part; begins when all are there. */
export function toggle(job: LineJob): void {
  const { words, sources, source } = job;
  const pin = new LinePin(sources, GSI, source, new Lock(words, WORD.LOCK), new SlowController(words));
  Atomics.add(words, WORD.READY, 1);
  Atomics.notify(words, WORD.READY);
  for (let ready = 0; (ready = Atomics.load(words, WORD.READY)) < job.threads;) {
    Atomics.wait(words, WORD.READY, ready);
  }
  for (let i = 0; i < job.rounds; i++) {
    pin.set(true);
    pin.set(false);
  }
  pin.set(job.leaveHigh);
}

if ("WorkerGlobalScope" in globalThis) {
  const scope = globalThis as unknown as {
    onmessage: (event: MessageEvent<LineJob>) => void;
    postMessage(message: string): void;
  };
  scope.onmessage = ({ data }) => {
    toggle(data);
    scope.postMessage("done");
  };
}
