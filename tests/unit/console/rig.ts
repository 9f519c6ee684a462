/** Serial ports over plain shared memory, with a driver that plays the guest: no KVM. */
import { assert } from "@std/assert";
import { SerialPorts } from "../../../src/console/serial_ports.ts";
import { LSR, REG } from "../../../src/devices/uart16550/registers.ts";
import { FIFO_SIZE } from "../../../src/devices/uart16550/registers.ts";
import { composeMachine, type Machine } from "../../../src/machine.ts";
import { allocateState, type MachinePlan, type SerialPlan } from "../../../src/machine_plan.ts";

const IO_WORKER = new URL("../../../src/io_worker.ts", import.meta.url);
const FCR_ENABLE = 1;
/** A test that waits longer fails (ms); nothing waits for a fixed time. */
const DEADLINE_MS = 20_000;

/** Resolves when `condition` holds. Throws when it does not for too long. */
export async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const start = performance.now();
  while (!await condition()) {
    assert(performance.now() - start < DEADLINE_MS, `waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** A machine with these serial ports, of which no vCPU runs: its owner's objects. */
export function machineOf(
  serial: readonly SerialPlan[],
  debugConsole = false,
): { machine: Machine; plan: MachinePlan } {
  const plan: MachinePlan = {
    vmFd: -1, // interrupts go nowhere
    cpus: 1,
    ramSize: 2 ** 24,
    serial,
    debugConsole,
    debugExit: false,
    virtio: [],
    ...allocateState(1, serial.length + 1),
  };
  const machine = composeMachine(plan, {
    initialize: true,
    irq: { setLine() {} },
    msi: { send() {} },
    doorbells: { connect() {}, disconnect() {} },
    onBroken: (name, error) => console.error(name, error),
    requests: { request() {} },
  });
  return { machine, plan };
}

/** A driver that polls one UART. */
export class FakeGuest {
  /** Bytes that the transmitter took. */
  printed = 0;

  constructor(private readonly machine: Machine, private readonly port = 0) {
    this.#uart.write(REG.IIR_FCR, 1, FCR_ENABLE);
  }

  get #uart() {
    return this.machine.serial[this.port]!.uart;
  }

  /** Writes a FIFO each time that the transmitter is empty, as drivers do. */
  async print(text: string): Promise<void> {
    const bytes = new TextEncoder().encode(text);
    for (let done = 0; done < bytes.length;) {
      if (!this.ready) await until(() => this.ready, "the transmitter is empty");
      const burst = bytes.subarray(done, done += FIFO_SIZE);
      for (const byte of burst) this.#uart.write(REG.RBR_THR_DLL, 1, byte);
      this.printed += burst.length;
    }
  }

  /** The transmitter takes a FIFO's worth. */
  get ready(): boolean {
    return (this.#uart.read(REG.LSR, 1) & LSR.THR_EMPTY) !== 0;
  }

  /** Reads what has arrived. */
  take(): string {
    let text = "";
    while ((this.#uart.read(REG.LSR, 1) & LSR.DATA_READY) !== 0) {
      text += String.fromCharCode(this.#uart.read(REG.RBR_THR_DLL, 1));
    }
    return text;
  }

  /** Reads until it has read `text`. */
  async reads(text: string): Promise<void> {
    let seen = "";
    await until(() => {
      seen += this.take();
      return seen.length >= text.length;
    }, `${JSON.stringify(text)} arrives`);
    assert(seen === text, `${JSON.stringify(seen)} arrived instead of ${JSON.stringify(text)}`);
  }
}

/** Serial ports with these targets, served by a real I/O worker. */
export class PortsRig implements AsyncDisposable {
  #closed = false;

  private constructor(
    readonly machine: Machine,
    readonly ports: SerialPorts,
    readonly logged: readonly string[],
  ) {}

  static async open(
    targets: readonly string[],
    options: { debugConsole?: boolean; ioWorker?: URL } = {},
  ): Promise<PortsRig> {
    const logged: string[] = [];
    const log = (_level: string, text: string) => void logged.push(text);
    const ports = await SerialPorts.open({ serial: [...targets] }, options.ioWorker ?? IO_WORKER, log);
    const { machine, plan } = machineOf(ports.plans, options.debugConsole);
    ports.connect(machine, plan);
    return new PortsRig(machine, ports, logged);
  }

  guest(port = 0): FakeGuest {
    return new FakeGuest(this.machine, port);
  }

  /** The machine has ended. */
  async close(patient = true): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.ports.close(patient);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close(false);
  }
}

/** What names of temporary directories begin with; one process's differ from another's. */
export const PREFIX = `denovisor-console-${Deno.pid}-`;

/** A directory of its own for one test. */
export function temporaryFolder(): Disposable & { path: string } {
  const path = Deno.makeTempDirSync({ prefix: PREFIX });
  return { path, [Symbol.dispose]: () => Deno.removeSync(path, { recursive: true }) };
}

/** `bytes` characters, of which no stretch is like another. */
export function longText(bytes: number): string {
  let text = "";
  for (let i = 0; text.length < bytes; i++) text += `line ${i}\n`;
  return text.slice(0, bytes);
}

/** Reads from a connection until `enough`, or its end. */
export async function readUntil(
  connection: { read(into: Uint8Array): Promise<number | null> },
  enough: (text: string) => boolean,
): Promise<string> {
  const into = new Uint8Array(64 * 1024), decoder = new TextDecoder();
  let text = "";
  while (!enough(text)) {
    const count = await connection.read(into);
    if (count === null) break;
    text += decoder.decode(into.subarray(0, count), { stream: true });
  }
  return text;
}
