/**
 * The local APIC as firmware leaves it.
 *
 * @module
 */

import type { KvmVcpu } from "../../ffi/kvm/vcpu.ts";

/** Register offsets (Intel SDM 3A, table 11-1). */
const LVT_LINT0 = 0x350;
const LVT_LINT1 = 0x360;
/** Delivery modes of a local vector table entry, bits 8–10 (§11.5.1). */
const DELIVERY_NMI = 0x400;
const DELIVERY_EXTINT = 0x700;

/** Wires LINT0 to the 8259 and LINT1 to NMI ("virtual wire mode", MultiProcessor Specification 1.4 §3.6.2.2). */
export function wireLocalApic(vcpu: KvmVcpu): void {
  const state = vcpu.localApic();
  const registers = new DataView(state.$bytes.buffer);
  registers.setUint32(LVT_LINT0, DELIVERY_EXTINT, true);
  registers.setUint32(LVT_LINT1, DELIVERY_NMI, true);
  vcpu.setLocalApic(state);
}
