/**
 * Where RAM lies in the guest-physical address space.
 *
 * @module
 */

import { GPA } from "../board/addresses.ts";
import type { RamRegion } from "./guest_memory.ts";

/** RAM of `size` bytes: from 0 to the hole under 4 GiB, the rest above it. */
export function ramRegions(size: number): RamRegion[] {
  const low = Math.min(size, GPA.HOLE_START);
  const high = size - low;
  const regions = [{ gpa: 0, size: low }];
  return high === 0 ? regions : [...regions, { gpa: GPA.HOLE_END, size: high }];
}
