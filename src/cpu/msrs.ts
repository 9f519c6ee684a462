/**
 * Model-specific registers that firmware would have set before a kernel starts.
 *
 * @module
 */

/** One register with its value. */
export interface MsrSetting {
  readonly name: string;
  /** Index (Intel SDM 4, table 2-2). */
  readonly index: number;
  /** Bits to set. */
  readonly set: bigint;
  /** Bits to clear first; the others keep what KVM gave them. */
  readonly clear: bigint;
}

/** Set one by one: a host that refuses one (kvm_pvm refuses several) still gets the others. */
export const BOOT_MSRS: readonly MsrSetting[] = [
  /** Fast string operations on, as every firmware leaves them. */
  { name: "IA32_MISC_ENABLE", index: 0x1a0, clear: 0n, set: 1n },
  /** MTRRs on, with write-back for all memory: without it a guest takes RAM for uncacheable. */
  { name: "IA32_MTRR_DEF_TYPE", index: 0x2ff, clear: 0xcffn, set: 0x806n },
];
