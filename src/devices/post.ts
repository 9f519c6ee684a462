/**
 * The port of the power-on self-test's codes, 0x80, which operating systems write to for its delay.
 *
 * @module
 */
import { struct, u8, type View } from "../../ffi/layout.ts";
import type { IoDevice } from "../bus/device.ts";

/** State of the port. All zero is its reset value. */
export const PostState = struct("post_state", { code: u8 });
/** A view of {@link PostState}. */
export type PostView = View<typeof PostState>;

/** Keeps the last byte written: where a silent BIOS or boot loader got stuck. Also fits Linux's other delay port, 0xed. */
export class Post implements IoDevice {
  readonly maxWidth = 1;

  /** Covers 1 offset. */
  constructor(private readonly state: PostView) {}

  read(_offset: number, _width: number): number {
    return this.state.code;
  }

  write(_offset: number, _width: number, value: number): void {
    this.state.code = value;
  }
}
