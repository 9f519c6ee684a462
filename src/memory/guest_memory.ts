/**
 * Guest RAM.
 *
 * @module
 */

/** A contiguous range of RAM. */
export interface RamRegion {
  /** First guest-physical address. */
  readonly gpa: number;
  /** Bytes. */
  readonly size: number;
}

/** Guest RAM as loaders and devices see it. */
export interface GuestRam {
  /** RAM below and, past 3 GiB, above the hole under 4 GiB, in ascending order. */
  readonly regions: readonly RamRegion[];
  /** Total bytes. */
  readonly size: number;
  /** The guest's bytes in place, not a copy. Throws RangeError unless they lie wholly inside one region. */
  view(gpa: number, length: number): Uint8Array<ArrayBuffer>;
}

/** One region with the memory behind it. */
export interface BackedRegion extends RamRegion {
  /** The memory, whose first byte is the one at `gpa` … */
  readonly buffer: ArrayBuffer;
  /** … when this offset is added (0 where each region has a buffer of its own). */
  readonly bufferOffset: number;
}

/** RAM over mapped memory: one region of bytes each, since indices past 4 GiB in one array are slow. */
export class MappedRam implements GuestRam {
  readonly size: number;

  constructor(readonly regions: readonly BackedRegion[]) {
    this.size = regions.reduce((sum, region) => sum + region.size, 0);
  }

  view(gpa: number, length: number): Uint8Array<ArrayBuffer> {
    for (const region of this.regions) {
      if (gpa >= region.gpa && length >= 0 && gpa + length <= region.gpa + region.size) {
        return new Uint8Array(region.buffer, region.bufferOffset + (gpa - region.gpa), length);
      }
    }
    throw new RangeError(`guest-physical 0x${gpa.toString(16)} + ${length} is not RAM`);
  }
}
