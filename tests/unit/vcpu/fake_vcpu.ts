/** A vCPU made of a script: each KVM_RUN does what its next step says to a plain `kvm_run`. */
import { ERRNO } from "../../../ffi/errno.ts";
import type { View } from "../../../ffi/layout.ts";
import { kvm_run } from "../../../ffi/uapi/kvm.ts";
import { EXIT, IO_OUT } from "../../../ffi/uapi/kvm_constants.ts";
import { MmioBus } from "../../../src/bus/mmio_bus.ts";
import { PortBus } from "../../../src/bus/port_bus.ts";
import { DOING, type Ending, WANT } from "../../../src/vcpu/control.ts";
import type { Orders, VcpuSurroundings } from "../../../src/vcpu/run_loop.ts";
import { RunPage } from "../../../src/vcpu/run_page.ts";

/** Where KVM puts the data of port exits: in the page behind `kvm_run`, at an offset that it tells. */
export const DATA_OFFSET = 4096;
const PAGES = 3 * 4096;

/** What a KVM_RUN does: fills the page, and gives an errno or 0. */
export type Step = (kvm: View<typeof kvm_run>, page: Uint8Array) => number | void;

/** A port exit: `data` are the bytes written, or a number of reads. */
export const port = (
  port: number,
  size: number,
  data: readonly number[] | number,
  count = typeof data === "number" ? data : 0,
): Step =>
(kvm, page) => {
  kvm.exit_reason = EXIT.IO;
  const { io } = kvm.exit;
  io.direction = typeof data === "number" ? 0 : IO_OUT;
  io.size = size;
  io.port = port;
  io.count = typeof data === "number" ? count : data.length / size;
  io.data_offset_num = DATA_OFFSET;
  if (typeof data !== "number") page.set(data, DATA_OFFSET);
};

/** A memory exit: `data` are the bytes written, or the length of a read. */
export const memory = (gpa: number, data: readonly number[] | number): Step => (kvm) => {
  kvm.exit_reason = EXIT.MMIO;
  const { mmio } = kvm.exit;
  mmio.phys_addr_num = gpa;
  mmio.len = typeof data === "number" ? data : data.length;
  mmio.is_write = typeof data === "number" ? 0 : 1;
  if (typeof data !== "number") mmio.data.set(data);
};

/** Any exit without details. */
export const exit = (reason: number): Step => (kvm) => void (kvm.exit_reason = reason);

/** KVM_RUN that fails. */
export const failure = (errno: number): Step => () => errno;

/** A script with everything that a run loop has around it, noted in one log. */
export class FakeVcpu {
  readonly log: string[] = [];
  readonly page = new Uint8Array(PAGES);
  readonly kvm = kvm_run.at(this.page.buffer);
  readonly ports = new PortBus();
  readonly mmio = new MmioBus();
  readonly around: VcpuSurroundings;
  want: number = WANT.RUN;
  /** Called when the vCPU sleeps: what its owner does then. Without, it says END. */
  whileAsleep: () => void = () => void (this.want = WANT.END);

  constructor(private readonly steps: Step[]) {
    const run = new RunPage(this.page.buffer);
    const log = this.log, wanted = () => this.want;
    const orders: Orders = {
      get want() {
        return wanted();
      },
      set doing(doing: number) {
        log.push(Object.entries(DOING).find(([, value]) => value === doing)![0].toLowerCase());
      },
      count: (reason) => void log.push(`exit ${reason}`),
      sleepWhileWanted: (value, milliseconds) => {
        if (this.want === value && milliseconds === undefined) this.whileAsleep();
      },
    };
    this.around = {
      vcpu: { run: () => this.#run() },
      run,
      ports: this.ports,
      mmio: this.mmio,
      orders,
      end: (ending: Ending, detail?: number) => {
        this.want = WANT.END;
        log.push(detail === undefined ? ending : `${ending} ${detail}`);
      },
      fault: (errno) => {
        this.want = WANT.END;
        log.push(`fault ${errno}`);
      },
    };
  }

  /** The log, emptied. */
  take(): string[] {
    return this.log.splice(0);
  }

  /** The next step. With `immediate_exit` only those run that complete an instruction; without any, it ends. */
  #run(): number {
    const immediate = this.kvm.immediate_exit !== 0;
    this.log.push(immediate ? "run, immediate exit" : "run");
    const step = this.steps.shift();
    if (step !== undefined) return step(this.kvm, this.page) ?? 0;
    if (!immediate) this.want = WANT.END;
    return ERRNO.EINTR;
  }
}
