/**
 * How fast the time-stamp counter runs: told by kvmclock, or measured against the PIT.
 *
 * @module
 */

import { al, cl, eax, ebx, ecx, edx, m32, m8, r8, r8d, r9, rax, rbx, rcx, rdx } from "../asm/operands.ts";
import type { GuestProgram } from "./program.ts";

/** Hypervisors may show several signatures, 0x100 leaves apart (Linux Documentation/virt/kvm/x86/cpuid.rst). */
const SIGNATURE_LEAVES = [0x4000_0000, 0x4000_0100] as const;
const KVM_SIGNATURE = [0x4b4d_564b, 0x564b_4d56, 0x4d] as const; // "KVMKVMKVM\0\0\0" in EBX, ECX, EDX
/** uapi/asm/kvm_para.h: KVM_FEATURE_CLOCKSOURCE2, MSR_KVM_SYSTEM_TIME_NEW. */
const CLOCKSOURCE2 = 1 << 3;
const MSR_SYSTEM_TIME = 0x4b56_4d01;
const TIME_ENABLED = 1;
/** struct pvclock_vcpu_time_info: tsc_to_system_mul (u32), tsc_shift (s8). */
const TIME_MULTIPLIER = 24;
const TIME_SHIFT = 28;
const TIME_SIZE = 32;

/**
 * Intel 8254 channel 0, mode 0 (count down once), and its counter latch command. Channel 2 would need port 0x61,
 * which not every machine with a PIT has.
 */
const PIT_COUNTER = 0x40;
const PIT_CONTROL = 0x43;
const CHANNEL_0_MODE_0 = 0x30;
const LATCH_CHANNEL_0 = 0x00;
const PIT_HZ = 1_193_182;
const PIT_WAIT_MS = 10;
const PIT_COUNT = Math.round(PIT_HZ * PIT_WAIT_MS / 1000);
/** Gives up after this many looks at the PIT; and no processor that counts slower than 10 MHz has 64 bits. */
const PIT_LOOKS = 100_000;
const SLOWEST_KHZ = 10_000;

/** Fills `clock.khz` (0: unknown). */
export function clock(a: GuestProgram): void {
  a.bind("clock.setup");
  a.push(rbx);
  for (const leaf of SIGNATURE_LEAVES) {
    a.mov(r8d, leaf);
    a.call("clock.is_kvm");
    a.j("z", ".kvm");
  }
  a.bind(".measure");
  a.call("clock.measure_pit");
  a.pop(rbx);
  a.ret();

  a.bind(".kvm");
  a.lea(eax, m32(r8, 1));
  a.cpuid();
  a.test(eax, CLOCKSOURCE2);
  a.j("z", ".measure");
  a.lea(rax, m8("clock.time", TIME_ENABLED));
  kvmTime(a);
  // ns = ticks × 2^shift × mul / 2^32, so kHz = 10^6 × 2^32 / mul / 2^shift.
  a.mov(ecx, m32("clock.time", TIME_MULTIPLIER));
  a.test(ecx, ecx);
  a.j("z", ".measure");
  a.mov(eax, 1_000_000);
  a.shl(rax, 32);
  a.xor(edx, edx);
  a.div(rcx);
  a.mov(cl, m8("clock.time", TIME_SHIFT));
  a.test(cl, cl);
  a.j("s", ".up");
  a.shr(rax, "cl");
  a.jmp(".known");
  a.bind(".up");
  a.neg(cl);
  a.shl(rax, "cl");
  a.bind(".known");
  a.mov(m32("clock.khz"), eax);
  a.mov(m32("clock.by_kvm"), 1);
  a.xor(eax, eax); // off again: nothing writes to the page from here on
  kvmTime(a);
  a.pop(rbx);
  a.ret();

  // r8d: leaf; ZF set if it has KVM's signature. Changes rbx.
  a.bind("clock.is_kvm");
  a.mov(eax, r8d);
  a.cpuid();
  a.cmp(ebx, KVM_SIGNATURE[0]);
  a.j("nz", ".other");
  a.cmp(ecx, KVM_SIGNATURE[1]);
  a.j("nz", ".other");
  a.cmp(edx, KVM_SIGNATURE[2]);
  a.bind(".other");
  a.ret();

  a.bind("clock.measure_pit");
  a.mov(al, CHANNEL_0_MODE_0);
  a.out(PIT_CONTROL, al);
  a.mov(al, 0xff); // from 0xffff
  a.out(PIT_COUNTER, al);
  a.out(PIT_COUNTER, al);
  a.call("clock.now");
  a.mov(r9, rax);
  a.mov(ecx, PIT_LOOKS);
  a.bind(".look");
  a.dec(ecx);
  a.j("z", ".unknown");
  a.mov(al, LATCH_CHANNEL_0);
  a.out(PIT_CONTROL, al);
  a.in(al, PIT_COUNTER);
  a.movzx(edx, al);
  a.in(al, PIT_COUNTER);
  a.movzx(eax, al);
  a.shl(eax, 8);
  a.or(eax, edx);
  a.cmp(eax, 0xffff - PIT_COUNT);
  a.j("a", ".look");
  a.call("clock.now");
  a.sub(rax, r9);
  a.xor(edx, edx);
  a.mov(ecx, PIT_WAIT_MS);
  a.div(rcx);
  a.cmp(rax, SLOWEST_KHZ);
  a.j("b", ".unknown");
  a.mov(m32("clock.khz"), eax);
  a.bind(".unknown");
  a.ret();

  // The time-stamp counter to rax; changes rdx.
  a.bind("clock.now");
  a.rdtsc();
  a.shl(rdx, 32);
  a.or(rax, rdx);
  a.ret();

  a.align(8);
  a.bind("clock.khz");
  a.dd(0);
  a.bind("clock.by_kvm");
  a.dd(0);
  a.bind("clock.time");
  a.space(TIME_SIZE);
}

/** rax: address and enable bit, below 4 GiB. */
function kvmTime(a: GuestProgram): void {
  a.mov(ecx, MSR_SYSTEM_TIME);
  a.xor(edx, edx);
  a.wrmsr();
}
