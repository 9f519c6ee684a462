/**
 * The real-time clock as it lies in the machine state, and what a BIOS would have left in its RAM.
 *
 * @module
 */
import { array, i64, struct, u8, type View } from "../../../ffi/layout.ts";
import { CMOS, CMOS_SIZE, RTC_A, RTC_B, RTC_D_VALID, RTC_REG } from "./registers.ts";
import { storeTime } from "./time_registers.ts";

/** State of the RTC. Use {@link resetRtc} before the first access. */
export const RtcState = struct("rtc_state", {
  /** As last written to the index port, bit 7 (NMI mask) included. */
  index: u8,
  /** Register C's flags latched since it was last read. */
  flags: u8,
  /** The RAM. The time's registers in it are up to date only while the clock stands. */
  cmos: array(u8, CMOS_SIZE),
  /** The guest's clock minus the host's, in µs. Its fraction of a second is the divider's phase. */
  offsetUs: i64,
  /** Host time in µs up to which flags are latched. */
  seenUs: i64,
});

/** A view of {@link RtcState}. */
export type RtcView = View<typeof RtcState>;

/** What the RAM tells of the machine. */
export interface CmosFacts {
  /** Guest RAM below 4 GiB, in bytes. */
  readonly ramBelow4G: number;
  /** Guest RAM above 4 GiB, in bytes. */
  readonly ramAbove4G: number;
  /** The host's time, in ms since 1970 UTC: the guest's clock starts with it. */
  readonly nowMs: number;
}

const KIB = 1024;
const MIB = 1024 * KIB;
const BASE_MEMORY_KIB = 640;
/** EQUIPMENT: a numeric coprocessor, and a display with a BIOS of its own. */
const EQUIPMENT_FPU = 0x02;

/** Sets the clock to the host's and the RAM to what a PC's BIOS leaves there. */
export function resetRtc(state: RtcView, facts: CmosFacts): void {
  state.$bytes.fill(0);
  state.seenUs_num = Math.round(facts.nowMs * 1000);
  const cmos = state.cmos;
  cmos[RTC_REG.A] = RTC_A.BIOS;
  cmos[RTC_REG.B] = RTC_B.HOURS_24;
  cmos[RTC_REG.D] = RTC_D_VALID;
  storeTime(cmos, Math.floor(facts.nowMs / 1000));
  const blocks = (bytes: number, unit: number, max: number) =>
    Math.min(Math.max(0, Math.floor(bytes / unit)), max);
  const extended = blocks(facts.ramBelow4G - MIB, KIB, 0xffff);
  cmos[CMOS.EQUIPMENT] = EQUIPMENT_FPU;
  storeLittleEndian(cmos, CMOS.BASE_MEMORY, 2, blocks(facts.ramBelow4G, KIB, BASE_MEMORY_KIB));
  storeLittleEndian(cmos, CMOS.EXTENDED_MEMORY, 2, extended);
  storeLittleEndian(cmos, CMOS.EXTENDED_MEMORY_FOUND, 2, extended);
  storeLittleEndian(cmos, CMOS.MEMORY_ABOVE_16M, 2, blocks(facts.ramBelow4G - 16 * MIB, 64 * KIB, 0xffff));
  storeLittleEndian(cmos, CMOS.MEMORY_ABOVE_4G, 3, blocks(facts.ramAbove4G, 64 * KIB, 0xff_ffff));
  let sum = 0;
  for (let index = CMOS.CHECKSUM_FIRST; index <= CMOS.CHECKSUM_LAST; index++) sum += cmos[index]!;
  cmos[CMOS.CHECKSUM] = sum >> 8;
  cmos[CMOS.CHECKSUM + 1] = sum & 0xff;
}

function storeLittleEndian(cmos: Uint8Array, index: number, bytes: number, value: number): void {
  for (let i = 0; i < bytes; i++) cmos[index + i] = (value >>> (8 * i)) & 0xff;
}
