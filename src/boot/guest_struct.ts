/**
 * Structures in guest memory.
 *
 * @module
 */

import type { Fields, FieldView, Struct } from "../../ffi/layout.ts";
import type { GuestRam } from "../memory/guest_memory.ts";

/** A zeroed struct in guest memory, through its layout. */
export function zeroedStruct<F extends Fields>(ram: GuestRam, layout: Struct<F>, gpa: number): FieldView<F> {
  const bytes = ram.view(gpa, layout.size);
  bytes.fill(0);
  return layout.at(bytes.buffer, bytes.byteOffset);
}
