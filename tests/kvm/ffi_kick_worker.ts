/** Runs a vCPU again and again until each run was kicked; for ffi_test.ts. */

import { ERRNO } from "../../ffi/errno.ts";
import { KvmVcpu } from "../../ffi/kvm/vcpu.ts";
import { libc } from "../../ffi/libc.ts";
import { borrow } from "../../ffi/mapping.ts";
import { kvm_run } from "../../ffi/uapi/kvm.ts";

/** What the test sends. */
export interface Start {
  readonly fd: number;
  /** Of the vCPU's `kvm_run`, and its size. */
  readonly address: bigint;
  readonly length: number;
  readonly rounds: number;
  readonly results: SharedArrayBuffer;
}

/** What the worker answers, just before its first run. */
export interface Ready {
  readonly tid: number;
}

const scope = self as unknown as {
  onmessage: (event: MessageEvent<Start>) => void;
  postMessage(message: Ready): void;
};

scope.onmessage = ({ data: { fd, address, length, rounds, results } }) => {
  const vcpu = new KvmVcpu(fd), run = kvm_run.at(borrow(address, length)), counts = new Int32Array(results);
  scope.postMessage({ tid: libc().gettid() });
  for (let round = 0; round < rounds && Atomics.load(counts, 2) === 0; round++) {
    if (vcpu.run() !== ERRNO.EINTR) Atomics.add(counts, 1, 1);
    run.immediate_exit = 0;
    Atomics.add(counts, 0, 1);
    Atomics.notify(counts, 0);
  }
};
