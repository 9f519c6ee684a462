import { join } from "@std/path";
import { type PortName, PORTS } from "../../../src/lab/qemu.ts";
import type { SessionMachine } from "../../../src/lab/session.ts";

/** A lab machine without QEMU: each port is a pair of connected sockets, and a test plays L1 at the far ends. */
export class FakeMachine implements SessionMachine, Disposable {
  readonly #ended = Promise.withResolvers<void>();
  readonly #near = new Map<PortName, Deno.Conn>();
  readonly #far = new Map<PortName, Deno.Conn>();
  killed = false;
  startedCalls = 0;

  static async create(): Promise<FakeMachine> {
    const machine = new FakeMachine();
    const directory = await Deno.makeTempDir();
    for (const name of PORTS) {
      const path = join(directory, name);
      using listener = Deno.listen({ transport: "unix", path });
      const [near, far] = await Promise.all([listener.accept(), Deno.connect({ transport: "unix", path })]);
      machine.#near.set(name, near);
      machine.#far.set(name, far);
    }
    await Deno.remove(directory, { recursive: true });
    return machine;
  }

  port(name: PortName): Deno.Conn {
    return this.#near.get(name)!;
  }

  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  started(): void {
    this.startedCalls++;
  }

  kill(): void {
    this.killed = true;
    this.powerOff();
  }

  failure(reason: string): Promise<Error> {
    return Promise.resolve(new Error(reason));
  }

  /** L1's end of a port. */
  far(name: PortName): Deno.Conn {
    return this.#far.get(name)!;
  }

  /** L1 says something on a port. */
  async say(name: PortName, text: string): Promise<void> {
    await this.far(name).write(new TextEncoder().encode(text));
  }

  /** QEMU ends, and with it its ends of the sockets. */
  powerOff(): void {
    for (const port of this.#far.values()) close(port);
    this.#ended.resolve();
  }

  [Symbol.dispose](): void {
    this.powerOff();
    for (const port of this.#near.values()) close(port);
  }
}

function close(port: Deno.Conn): void {
  try {
    port.close();
  } catch {
    // A stream over it has closed it.
  }
}
