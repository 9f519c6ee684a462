/**
 * The tables that a 32-bit entry hands over, one behind the other at GPA.START_INFO.
 *
 * @module
 */

import { alignUp } from "../../ffi/layout.ts";
import { GPA } from "../board/addresses.ts";
import { UserError } from "../errors.ts";

/** Bytes at GPA.START_INFO. */
export const START_AREA_SIZE = 8 * 1024;

/** Hands out the area. */
export class StartArea {
  #end = 0;

  /** Bytes used so far. */
  get size(): number {
    return this.#end;
  }

  /**
   * Reserves `size` bytes, aligned to 8, and returns their guest-physical address.
   *
   * @throws {UserError} if the area is full, which only modules in great number can do.
   */
  add(size: number): number {
    const at = this.#end;
    this.#end = alignUp(at + size, 8);
    if (this.#end > START_AREA_SIZE) {
      throw new UserError("there are more modules than the boot information has room for", {
        field: "modules",
        hint: "Some 200 fit: put several files into one archive.",
      });
    }
    return GPA.START_INFO + at;
  }
}
