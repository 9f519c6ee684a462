/**
 * Bringing a vCPU out of KVM_RUN from another thread.
 *
 * @module
 */

import { kickThread } from "../../ffi/signal.ts";
import type { VcpuControl } from "./control.ts";
import type { RunPage } from "./run_page.ts";

/** A vCPU as its owner sees it. */
export interface KickTarget {
  readonly control: VcpuControl;
  readonly run: RunPage;
}

/**
 * Gives a vCPU an order that it follows at once, whatever its guest does.
 *
 * Never lost: the order is written first, then `immediate_exit`, which makes a KVM_RUN that is about to begin return,
 * then the signal, which ends one that has begun. The run loop clears the flag before it reads the order again.
 */
export function command(target: KickTarget, want: number): void {
  target.control.want = want;
  kick(target);
}

/** Makes the vCPU's KVM_RUN, or its next one, return. */
export function kick(target: KickTarget): void {
  target.run.immediateExit = 1;
  const tid = target.control.tid;
  if (tid !== 0) kickThread(tid); // not yet running: it reads the order before its first KVM_RUN
}
