/**
 * `--trace exits`: one line for each exit.
 *
 * @module
 */

import { EXIT, IO_OUT } from "../../ffi/uapi/kvm_constants.ts";
import { exitName } from "./fault.ts";
import type { RunPage } from "./run_page.ts";

/** Lines sent at once: a message for each would be slower than the guest by far. */
const BATCH = 256;
/** Batches that may be under way; what a guest causes faster than it can be read is counted and not shown. */
const MOST_UNDER_WAY = 8;

/** Counts the batches between a worker and its owner. */
export interface TraceFlow {
  readonly tracesUnderWay: number;
  countTraces(by: 1 | -1): void;
}

/** Collects lines and hands them on in batches. Tracing allocates; it is not for measuring. */
export class ExitTracer {
  #lines: string[] = [];
  #unshown = 0;

  /** @param vcpu index of the vCPU @param send receives finished lines */
  constructor(
    private readonly vcpu: number,
    private readonly flow: TraceFlow,
    private readonly send: (lines: string[]) => void,
  ) {}

  /** Adds the exit in `run`. Data of reads is not known yet. */
  record(run: RunPage): void {
    if (this.#lines.length >= BATCH) this.flush();
    if (this.#lines.length >= BATCH) this.#unshown++;
    else this.#lines.push(`vcpu${this.vcpu} ${describe(run)}`);
  }

  /** Hands on what there is, unless too much is under way; the last lines of all in any case. */
  flush(last = false): void {
    if (this.#lines.length === 0 || (!last && this.flow.tracesUnderWay >= MOST_UNDER_WAY)) return;
    if (this.#unshown > 0) this.#lines.push(`vcpu${this.vcpu} … ${this.#unshown} exits not shown`);
    this.#unshown = 0;
    this.flow.countTraces(1);
    this.send(this.#lines);
    this.#lines = [];
  }
}

function describe(run: RunPage): string {
  if (run.reason === EXIT.IO) {
    const out = run.ioDirection === IO_OUT;
    const times = run.ioCount === 1 ? "" : ` × ${run.ioCount}`;
    const value = out ? ` ← 0x${firstValue(run).toString(16)}` : "";
    return `${out ? "out" : "in "} port 0x${run.ioPort.toString(16)}, ${run.ioSize} B${times}${value}`;
  }
  if (run.reason === EXIT.MMIO) {
    const kind = run.mmioIsWrite ? "write" : "read ";
    return `mmio ${kind} 0x${run.mmioAddress.toString(16)}, ${run.mmioLength} B`;
  }
  return exitName(run.reason);
}

function firstValue(run: RunPage): number {
  const at = run.ioDataOffset;
  return run.ioSize === 1
    ? run.data.getUint8(at)
    : run.ioSize === 2
    ? run.data.getUint16(at, true)
    : run.data.getUint32(at, true);
}
