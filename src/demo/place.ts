/**
 * Where the demo runs: here, or in the lab.
 *
 * @module
 */

import type { KvmVerdict } from "../doctor/mod.ts";
import { HostError } from "../errors.ts";

/** A choice, with the reason that a person is told. */
export interface DemoPlace {
  readonly place: "here" | "lab";
  /** A sentence without its full stop; absent where there is nothing to explain. */
  readonly why?: string;
  /** What would let it run here. */
  readonly remedy?: string;
}

/** What a choice depends on. */
export interface PlaceFacts {
  /** What this host's KVM showed that it can do. */
  readonly verdict: KvmVerdict;
  /** The user wants the lab. */
  readonly labWanted: boolean;
  /** This process runs in the lab already. */
  readonly insideLab: boolean;
}

/** Chooses. Throws HostError where the lab itself has no KVM: a lab in a lab would be no better. */
export function choosePlace({ verdict, labWanted, insideLab }: PlaceFacts): DemoPlace {
  if (labWanted && !insideLab) return { place: "lab", why: "running in the lab, as you asked" };
  if (verdict.runsStockKernels) return { place: "here" };
  const why = verdict.available
    ? "this host's KVM cannot run unmodified kernels" +
      (verdict.interpretsKernelMode ? ": it interprets kernel-mode code, and not all of it" : "")
    : verdict.reason ?? "there is no usable KVM here";
  if (insideLab) throw new HostError(why, { hint: "The lab is broken: this is a bug in Denovisor." });
  return { place: "lab", why, ...(verdict.remedy === undefined ? {} : { remedy: verdict.remedy }) };
}

/** The place for a guest that the probe thought well of, and that then could not go on before its first word. */
export function afterFailure(message: string): DemoPlace {
  return {
    place: "lab",
    why: `this host's KVM could not run the kernel (${message.split("\n")[0]})`,
  };
}
