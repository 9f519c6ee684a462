/**
 * Guest RAM over ordinary memory, for tests without KVM.
 *
 * @module
 */

import { GPA } from "../../src/board/addresses.ts";
import type { GuestRam } from "../../src/memory/guest_memory.ts";

/** Guard bytes on both sides of each region: a write that leaves a view's bounds shows here. */
const GUARD_SIZE = 4096;
const GUARD_BYTE = 0xa5;

/** {@link GuestRam} with a check that nobody wrote outside of it. */
export interface PlainRam extends GuestRam {
  /** Whether all memory around the regions is as it was. */
  readonly intact: boolean;
}

/**
 * Guest RAM laid out as the board does it: up to 3 GiB from 0 on, the rest from 4 GiB on.
 *
 * @param size bytes.
 * @param lowest the most below the hole: less than 3 GiB gives a small guest memory above 4 GiB, too.
 */
export function plainRam(size: number, lowest: number = GPA.HOLE_START): PlainRam {
  const low = Math.min(size, lowest);
  const regions = [{ gpa: 0, size: low }];
  if (size > low) regions.push({ gpa: GPA.HOLE_END, size: size - low });
  const backing = regions.map((region) => {
    const buffer = new ArrayBuffer(region.size + 2 * GUARD_SIZE);
    new Uint8Array(buffer, 0, GUARD_SIZE).fill(GUARD_BYTE);
    new Uint8Array(buffer, GUARD_SIZE + region.size).fill(GUARD_BYTE);
    return { ...region, buffer };
  });
  return {
    regions,
    size,
    view(gpa, length) {
      const region = backing.find((r) => gpa >= r.gpa && length >= 0 && gpa + length <= r.gpa + r.size);
      if (!region) throw new RangeError(`no RAM at 0x${gpa.toString(16)} for ${length} bytes`);
      return new Uint8Array(region.buffer, GUARD_SIZE + gpa - region.gpa, length);
    },
    get intact() {
      return backing.every(({ buffer, size }) =>
        [new Uint8Array(buffer, 0, GUARD_SIZE), new Uint8Array(buffer, GUARD_SIZE + size)]
          .every((guard) => guard.every((byte) => byte === GUARD_BYTE))
      );
    },
  };
}
