/**
 * `struct kvm_run` through typed arrays: what the run loop reads at each exit, without an object or a bigint.
 *
 * @module
 */

import type { View } from "../../ffi/layout.ts";
import { kvm_run, kvm_run_exit, kvm_run_io, kvm_run_mmio } from "../../ffi/uapi/kvm.ts";

const EXIT = kvm_run.offset("exit");
const REASON_WORD = kvm_run.offset("exit_reason") / 4;
const IMMEDIATE_EXIT = kvm_run.offset("immediate_exit");
const IO_DIRECTION = EXIT + kvm_run_io.offset("direction");
const IO_SIZE = EXIT + kvm_run_io.offset("size");
const IO_PORT_HALFWORD = (EXIT + kvm_run_io.offset("port")) / 2;
const IO_COUNT_WORD = (EXIT + kvm_run_io.offset("count")) / 4;
const IO_DATA_OFFSET_WORD = (EXIT + kvm_run_io.offset("data_offset")) / 4;
const MMIO_ADDRESS_WORD = (EXIT + kvm_run_mmio.offset("phys_addr")) / 4;
const MMIO_LENGTH_WORD = (EXIT + kvm_run_mmio.offset("len")) / 4;
const MMIO_IS_WRITE = EXIT + kvm_run_mmio.offset("is_write");

/** Offset of an MMIO exit's eight data bytes in the page. */
export const MMIO_DATA = EXIT + kvm_run_mmio.offset("data");

/** A vCPU's `kvm_run` and the data page behind it. */
export class RunPage {
  /** All of it, for data of string I/O and MMIO. */
  readonly data: DataView;
  readonly #u8: Uint8Array;
  readonly #u16: Uint16Array;
  readonly #u32: Uint32Array;

  /** @param buffer the mapping of the vCPU's fd */
  constructor(buffer: ArrayBuffer) {
    this.data = new DataView(buffer);
    this.#u8 = new Uint8Array(buffer);
    this.#u16 = new Uint16Array(buffer);
    this.#u32 = new Uint32Array(buffer);
  }

  /** KVM_EXIT_* of the last exit. */
  get reason(): number {
    return this.#u32[REASON_WORD]!;
  }
  /** 1 if the guest writes to a port, 0 if it reads. */
  get ioDirection(): number {
    return this.#u8[IO_DIRECTION]!;
  }
  /** Bytes of one port access: 1, 2 or 4. */
  get ioSize(): number {
    return this.#u8[IO_SIZE]!;
  }
  get ioPort(): number {
    return this.#u16[IO_PORT_HALFWORD]!;
  }
  /** Accesses of a string instruction in this exit; 1 otherwise. */
  get ioCount(): number {
    return this.#u32[IO_COUNT_WORD]!;
  }
  /** Where the accesses' data lies in the page. */
  get ioDataOffset(): number {
    return this.#u32[IO_DATA_OFFSET_WORD]!;
  }
  /** Guest-physical address; exact, as no processor has more than 52 bits. */
  get mmioAddress(): number {
    return this.#u32[MMIO_ADDRESS_WORD]! + this.#u32[MMIO_ADDRESS_WORD + 1]! * 0x1_0000_0000;
  }
  get mmioLength(): number {
    return this.#u32[MMIO_LENGTH_WORD]!;
  }
  get mmioIsWrite(): boolean {
    return this.#u8[MMIO_IS_WRITE] !== 0;
  }

  /** While set, KVM_RUN returns EINTR at once. Written by the kicker, cleared by the vCPU. */
  set immediateExit(value: 0 | 1) {
    Atomics.store(this.#u8, IMMEDIATE_EXIT, value);
  }

  /** The exit's details as structs, for cold paths. */
  details(): View<typeof kvm_run_exit> {
    return kvm_run_exit.at(this.data.buffer, EXIT);
  }
}
