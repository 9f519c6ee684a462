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
      const worker = newBuilderWorker();
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

/** A worker that can build a machine and run its vCPU 0, or any other one. */
export function newBuilderWorker(): Worker {
  return newWorker("../builder_worker.ts");
}

/** A worker that runs a vCPU of a machine that another one built: it loads quicker, and is smaller. */
export function newVcpuWorker(): Worker {
  return newWorker("../vcpu_worker.ts");
}

/** Both modules are the composition root's neighbours, above this room. */
function newWorker(module: string): Worker {
  return new Worker(new URL(module, import.meta.url), { type: "module", name: "vcpu" });
}
