/**
 * Workers that load before there is a machine for them.
 *
 * @module
 */

/**
 * vCPU workers kept ready: a worker takes some 30 ms to load, during which a program can do other things. Machines
 * started with `{ spare }` take theirs from here first.
 *
 * ```ts
 * import { SpareWorkers, Vm } from "@denovisor/denovisor";
 *
 * using spare = new SpareWorkers(2); // they load while the program goes on
 * await using vm = await Vm.start({ memory: "64M" }, { spare });
 * console.assert(spare.count === 1);
 * ```
 */
export class SpareWorkers implements Disposable {
  #workers: Worker[] = [];

  /** Starts loading `count` workers. */
  constructor(count: number) {
    for (let i = 0; i < count; i++) {
      const worker = newVcpuWorker();
      worker.onerror = (event) => {
        event.preventDefault(); // the machine that would have taken it loads its own, and reports what is wrong
        this.#workers = this.#workers.filter((other) => other !== worker);
      };
      this.#workers.push(worker);
    }
  }

  /** How many are left. */
  get count(): number {
    return this.#workers.length;
  }

  /** One of them, now the caller's; undefined when there is none left. */
  take(): Worker | undefined {
    return this.#workers.pop();
  }

  /** Ends those that nobody took. */
  [Symbol.dispose](): void {
    for (const worker of this.#workers.splice(0)) worker.terminate();
  }
}

/** A worker that waits for the orders of one vCPU. Its module is the composition root's neighbour, above this room. */
export function newVcpuWorker(): Worker {
  return new Worker(new URL("../vcpu_worker.ts", import.meta.url), { type: "module", name: "vcpu" });
}
