/**
 * The reset control register of PIIX and ICH chipsets at port 0xcf9, which ACPI's reset register names.
 *
 * @module
 */
import { struct, u8, type View } from "../../ffi/layout.ts";
import type { GuestRequests, IoDevice } from "../bus/device.ts";

/** State of the register. All zero is its reset value. */
export const ResetControlState = struct("reset_control_state", { value: u8 });
/** A view of {@link ResetControlState}. */
export type ResetControlView = View<typeof ResetControlState>;

/** RST_CPU: going from 0 to 1 resets (Intel 82371AB datasheet §4.2.6.1, RC register). */
const RESET_CPU = 0x04;
/** RST_CPU, SYS_RST (hard or soft) and, on ICH, FULL_RST read back. */
const WRITABLE = 0x0e;

/** The register. Hard, soft and power-cycling resets are all the same to a virtual machine. */
export class ResetControl implements IoDevice {
  readonly maxWidth = 1;

  /** Covers 1 offset. */
  constructor(private readonly state: ResetControlView, private readonly requests: GuestRequests) {}

  read(_offset: number, _width: number): number {
    return this.state.value;
  }

  write(_offset: number, _width: number, value: number): void {
    const rising = value & ~this.state.value;
    this.state.value = value & WRITABLE;
    if ((rising & RESET_CPU) !== 0) this.requests.request("reset");
  }
}
