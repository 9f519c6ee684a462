/**
 * `struct kvm_cpuid2` with its entries.
 *
 * @module
 */

import type { View } from "../layout.ts";
import { kvm_cpuid2, kvm_cpuid_entry2 } from "../uapi/kvm_x86.ts";

/** One CPUID leaf in place: writing its fields changes the table. */
export type CpuidEntry = View<typeof kvm_cpuid_entry2>;

/** A table of CPUID leaves in the kernel's layout. */
export class CpuidTable {
  /** The table as KVM reads and writes it. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #header: View<typeof kvm_cpuid2>;

  /** An empty table with room for `capacity` entries. */
  constructor(readonly capacity: number) {
    this.bytes = new Uint8Array(kvm_cpuid2.size + capacity * kvm_cpuid_entry2.size);
    this.#header = kvm_cpuid2.at(this.bytes.buffer);
  }

  /** A table of `capacity` zeroed entries: KVM reads its length as the room it may fill, and writes what it filled. */
  static forFilling(capacity: number): CpuidTable {
    const table = new CpuidTable(capacity);
    table.#header.nent = capacity;
    return table;
  }

  /** A table over bytes that another one's `bytes` were. */
  static from(bytes: Uint8Array): CpuidTable {
    const table = new CpuidTable((bytes.length - kvm_cpuid2.size) / kvm_cpuid_entry2.size);
    table.bytes.set(bytes);
    return table;
  }

  /** How many entries there are. */
  get length(): number {
    return this.#header.nent;
  }

  /** The entries, in order. */
  *entries(): Generator<CpuidEntry> {
    for (let i = 0; i < this.length; i++) yield this.#entry(i);
  }

  /** The entry of a leaf (and index, for leaves that have them), or undefined. */
  find(leaf: number, index?: number): CpuidEntry | undefined {
    for (const entry of this.entries()) {
      if (entry.function === leaf && (index === undefined || entry.index === index)) return entry;
    }
    return undefined;
  }

  /** Adds an entry of zeros for a leaf. Throws RangeError when the table is full. */
  add(leaf: number, index = 0, flags = 0): CpuidEntry {
    if (this.length === this.capacity) throw new RangeError("CPUID table full");
    const entry = this.#entry(this.#header.nent++);
    entry.$bytes.fill(0);
    entry.function = leaf;
    entry.index = index;
    entry.flags = flags;
    return entry;
  }

  /** Removes every entry for which `unwanted` is true. */
  remove(unwanted: (entry: CpuidEntry) => boolean): void {
    let kept = 0;
    for (const entry of [...this.entries()]) {
      if (unwanted(entry)) continue;
      const target = this.#entry(kept++);
      target.$bytes.set(entry.$bytes);
    }
    this.#header.nent = kept;
  }

  /** A copy with room for `extra` more entries. */
  copy(extra = 0): CpuidTable {
    const table = new CpuidTable(this.length + extra);
    table.bytes.set(this.bytes.subarray(0, kvm_cpuid2.size + this.length * kvm_cpuid_entry2.size));
    table.#header.nent = this.length;
    return table;
  }

  #entry(index: number): CpuidEntry {
    return kvm_cpuid_entry2.at(this.bytes.buffer, kvm_cpuid2.size + index * kvm_cpuid_entry2.size);
  }
}
