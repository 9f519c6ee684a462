/**
 * Gives BARs their addresses before the guest runs: the firmware's task, and there is none.
 *
 * @module
 */

import { alignUp } from "../../ffi/layout.ts";
import { UserError } from "../errors.ts";
import type { Bar } from "./bar.ts";
import type { AddressWindow } from "./window.ts";

/** Ranges from this size on go above 4 GiB where they can, and leave the room below to those that cannot. */
const LARGE = 64 * 2 ** 20;
const BELOW = 2 ** 32;
/** BARs of one page or less get a page of their own, so that a guest can map each alone. */
const PAGE = 4096;

/**
 * Places every BAR at a multiple of its size, the largest first, so that little is lost between them.
 *
 * @throws {UserError} if the windows have no room.
 */
export function placeBars(bars: readonly Bar[], windows: readonly AddressWindow[]): void {
  const free = windows.map(({ base, length }) => ({ base, next: base, end: base + length }));
  const low = free.filter(({ base }) => base < BELOW), high = free.filter(({ base }) => base >= BELOW);
  // What has no choice comes first; among those alike, the largest.
  const order = [...bars].sort((a, b) => Number(a.wide) - Number(b.wide) || b.size - a.size);
  for (const bar of order) {
    const choice = !bar.wide ? low : bar.size >= LARGE ? [...high, ...low] : [...low, ...high];
    const room = Math.max(PAGE, bar.size);
    const window = choice.find(({ next, end }) => alignUp(next, room) + room <= end);
    if (window === undefined) {
      throw new UserError(`the PCI windows have no room for another ${bar.size} bytes`, {
        hint: "Use fewer devices, or smaller shared memory.",
      });
    }
    const address = alignUp(window.next, room);
    bar.place(address);
    window.next = address + room;
  }
}
