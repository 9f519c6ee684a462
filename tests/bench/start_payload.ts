/**
 * A guest that tells when its first instruction ran, by the host's clock.
 *
 * The first instruction reads the time-stamp counter. KVM's paravirtual clock says how that counter and the host's
 * real time go together (Linux Documentation/virt/kvm/x86/msr.rst); both go out over COM1 as they are, and are reckoned
 * up by {@linkcode firstInstructionMs}.
 *
 * @module
 */

import { PORT } from "../../src/board/addresses.ts";
import { dx, eax, ecx, edx, esi, m32, m8 } from "../../src/guests/asm/operands.ts";
import { powerOff, protectedMode } from "../../src/guests/payloads/wrap.ts";

/** MSR_KVM_WALL_CLOCK_NEW and MSR_KVM_SYSTEM_TIME_NEW, `uapi/asm/kvm_para.h`. */
const MSR_WALL_CLOCK = 0x4b56_4d00;
const MSR_SYSTEM_TIME = 0x4b56_4d01;
const ENABLED = 1;
/** Our counter, struct pvclock_wall_clock (padded), struct pvclock_vcpu_time_info. */
const COUNTER = 0, WALL = 8, TIME = 24;

/** Bytes that the guest sends. */
export const REPORT_BYTES = 56;

/** The guest, a PVH image. */
export function startPayload(): Uint8Array {
  return protectedMode((a) => {
    a.rdtsc();
    a.mov(m32("report", COUNTER), eax);
    a.mov(m32("report", COUNTER + 4), edx);
    a.xor(edx, edx);
    for (const [msr, offset] of [[MSR_WALL_CLOCK, WALL], [MSR_SYSTEM_TIME, TIME + ENABLED]] as const) {
      a.mov(ecx, msr);
      a.lea(eax, m8("report", offset));
      a.wrmsr();
    }
    a.in(eax, 0x80); // the clock is written at the next entry of the guest: leave once
    a.cld();
    a.lea(esi, m8("report"));
    a.mov(ecx, REPORT_BYTES);
    a.mov(dx, PORT.COM1);
    a.rep();
    a.outs(8);
    powerOff(a);
    a.align(32);
    a.bind("report");
    a.space(REPORT_BYTES);
  }).image;
}

/** When the first instruction ran: milliseconds since 1970. */
export function firstInstructionMs(report: Uint8Array): number {
  const view = new DataView(report.buffer, report.byteOffset, report.byteLength);
  const wall = BigInt(view.getUint32(WALL + 4, true)) * 1_000_000_000n +
    BigInt(view.getUint32(WALL + 8, true));
  // The clock was set a little after the instruction.
  const ticks = view.getBigUint64(TIME + 8, true) - view.getBigUint64(COUNTER, true);
  const multiplier = BigInt(view.getUint32(TIME + 24, true)), shift = BigInt(view.getInt8(TIME + 28));
  const sinceThen = ((shift >= 0n ? ticks << shift : ticks >> -shift) * multiplier) >> 32n;
  return Number(wall + view.getBigUint64(TIME + 16, true) - sinceThen) / 1e6;
}
