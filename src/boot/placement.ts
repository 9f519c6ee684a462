/**
 * Who gets which guest memory at boot. All of it is decided, and refused, before anything is written.
 *
 * @module
 */

import { alignUp } from "../../ffi/layout.ts";
import { GPA } from "../board/addresses.ts";
import { UserError } from "../errors.ts";
import type { GuestRam } from "../memory/guest_memory.ts";
import { MEMORY_TYPE, memoryMap, type MemoryRange } from "./e820.ts";
import { byteSize, hexRange, wholeMib } from "./format.ts";

const PAGE = 4096;

interface Claim {
  readonly what: string;
  readonly start: number;
  readonly end: number;
}

/** Guest RAM and the claims on it. No two claims overlap, and each lies wholly in one range of usable RAM. */
export class Placement {
  /** The board's memory map, as the guest is told it. */
  readonly map: readonly MemoryRange[];
  readonly #claims: Claim[] = [];

  constructor(readonly ram: GuestRam) {
    this.map = memoryMap(ram);
  }

  /**
   * Claims fixed addresses.
   *
   * @param what for the message, for example `ELF segment 2 of vmlinux`.
   * @param gpa below 2^53, as is `gpa + size`.
   * @throws {UserError} if the range is not all RAM, or another claim has a part of it.
   */
  claim(what: string, gpa: number, size: number, field = "kernel"): void {
    if (size === 0) return;
    const end = gpa + size;
    if (!this.#usable().some((range) => gpa >= range.gpa && end <= range.gpa + range.size)) {
      throw this.#notRam(what, gpa, size, field);
    }
    const other = this.#overlapping(gpa, end);
    if (other) {
      throw new UserError(
        `${what} (${hexRange(gpa, size)}) overlaps ${other.what} (${
          hexRange(other.start, other.end - other.start)
        })`,
        { field },
      );
    }
    this.#claims.push({ what, start: gpa, end });
  }

  /**
   * Claims free memory as high as possible, page-aligned, above 1 MiB.
   *
   * @param below the claim ends at or below this address.
   * @returns its guest-physical address.
   * @throws {UserError} if there is no gap of that size.
   */
  claimHigh(what: string, size: number, below: number, field: string): number {
    for (const range of this.#usable().reverse()) {
      const floor = Math.max(range.gpa, GPA.HIGH_MEMORY);
      let top = Math.min(range.gpa + range.size, below);
      for (;;) {
        const start = Math.floor((top - size) / PAGE) * PAGE;
        if (start < floor) break;
        const other = this.#overlapping(start, start + size);
        if (!other) {
          this.#claims.push({ what, start, end: start + size });
          return start;
        }
        top = other.start;
      }
    }
    throw this.#noGap(what, size, below, field);
  }

  /**
   * Claims free memory below the hole as low as possible, page-aligned.
   *
   * @param above the claim starts at or above this address.
   * @returns its guest-physical address.
   * @throws {UserError} if there is no gap of that size.
   */
  claimLow(what: string, size: number, above: number, field: string): number {
    for (const range of this.#usable().filter((range) => range.gpa < GPA.HOLE_START)) {
      let start = alignUp(Math.max(range.gpa, above), PAGE);
      for (;;) {
        if (start + size > range.gpa + range.size) break;
        const other = this.#overlapping(start, start + size);
        if (!other) {
          this.#claims.push({ what, start, end: start + size });
          return start;
        }
        start = alignUp(other.end, PAGE);
      }
    }
    throw this.#noGap(what, size, GPA.HOLE_START, field);
  }

  /** RAM as the map shows it, ascending. */
  #usable(): MemoryRange[] {
    return this.map.filter((range) => range.type === MEMORY_TYPE.RAM);
  }

  #overlapping(start: number, end: number): Claim | undefined {
    return this.#claims.find((claim) => start < claim.end && end > claim.start);
  }

  #largestGap(below: number): number {
    let largest = 0;
    for (const range of this.#usable()) {
      const end = Math.min(range.gpa + range.size, below);
      let start = Math.max(range.gpa, GPA.HIGH_MEMORY);
      const inside = this.#claims.filter((claim) => claim.end > start && claim.start < end);
      for (const claim of inside.sort((a, b) => a.start - b.start)) {
        largest = Math.max(largest, claim.start - start);
        start = claim.end;
      }
      largest = Math.max(largest, end - start);
    }
    return largest;
  }

  #noGap(what: string, size: number, below: number, field: string): UserError {
    return new UserError(
      `${what} (${byteSize(size)}) does not fit in the guest's memory of ${byteSize(this.ram.size)}: ` +
        `the largest gap that it could take has ${byteSize(this.#largestGap(below))}`,
      { field, hint: this.#moreMemory(below, size) },
    );
  }

  #moreMemory(below: number, size: number): string {
    const last = this.#claims.reduce((end, claim) => Math.max(end, claim.end), GPA.HIGH_MEMORY);
    const needed = alignUp(last, PAGE) + alignUp(size, PAGE);
    return needed <= Math.min(below, GPA.HOLE_START)
      ? `Give the guest at least ${wholeMib(needed)} of memory.`
      : `It has to lie below ${byteSize(Math.min(below, GPA.HOLE_START))}: make it smaller.`;
  }

  #notRam(what: string, gpa: number, size: number, field: string): UserError {
    const end = gpa + size;
    const inLow = gpa >= GPA.HIGH_MEMORY && end <= GPA.HOLE_START;
    const more = { field, hint: `Give the guest at least ${wholeMib(end)} of memory.` };
    return inLow
      ? new UserError(
        `${what} needs guest memory up to ${byteSize(end)} (${hexRange(gpa, size)}), ` +
          `and the guest has ${byteSize(this.ram.size)}`,
        more,
      )
      : new UserError(
        `${what} (${hexRange(gpa, size)}) lies outside of the guest's memory, which is ` +
          this.#usable().map((range) => hexRange(range.gpa, range.size)).join(", "),
        { field, hint: "The file asks for addresses that are no RAM on this board: link it elsewhere." },
      );
  }
}
