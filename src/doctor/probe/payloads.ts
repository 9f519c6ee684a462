/**
 * Guest code that shows by its behaviour what a KVM can do. Each payload ends by itself, with a byte to a port.
 *
 * @module
 */

import { Assembler } from "../../guests/asm/assembler.ts";
import { al, ecx, m64, rcx, rdi } from "../../guests/asm/operands.ts";

/** Where the code is loaded: room that the boot structures leave free in a VM without a kernel. */
export const CODE_ADDRESS = 0x1_0000;
/** Interrupt descriptor table with the vectors 0–31. */
export const IDT_ADDRESS = 0x1_1000;
/** 32 gates of 16 bytes (Intel SDM 3A §6.14.1). */
export const IDT_SIZE = 32 * 16;
/** Operand of the instructions that have one in memory. */
const SCRATCH_ADDRESS = 0x1_2000;

/** A port that no in-kernel device of KVM claims: the PC's "delay port", which is there to be written to in vain. */
export const PROBE_PORT = 0x80;

/** What a payload writes to {@link PROBE_PORT} at its end. */
export const SAYS = {
  /** All went as on a processor. */
  DONE: 1,
  /** The instruction raised #UD: this processor, or the guest's view of it, does not have it. */
  UNDEFINED: 2,
  /** It raised another exception. */
  EXCEPTION: 3,
} as const;

/**
 * Instructions that every stock x86-64 kernel executes in kernel mode early in its boot, and that an interpreter of
 * guest code may lack.
 */
export const KERNEL_INSTRUCTIONS = ["cmpxchg16b", "int3", "ldmxcsr", "xgetbv"] as const;
/** One of {@link KERNEL_INSTRUCTIONS}. */
export type KernelInstruction = (typeof KERNEL_INSTRUCTIONS)[number];

/** The assembled payloads; entries are guest-physical addresses. */
export interface Payloads {
  /** For {@link CODE_ADDRESS}. */
  readonly code: Uint8Array;
  /** For {@link IDT_ADDRESS}. */
  readonly idt: Uint8Array;
  /** Counts RCX down to 0 in a loop of two instructions, then says DONE; at any privilege level. */
  readonly countDown: number;
  /** Says DONE for ever. */
  readonly chatter: number;
  readonly instructions: Readonly<Record<KernelInstruction, number>>;
}

const VECTOR = { BREAKPOINT: 3, UNDEFINED: 6 } as const;
/** The code selector of the 64-bit entry's GDT (`src/boot/gdt.ts`). */
const CODE_SELECTOR = 0x10;
/** Present, DPL 0, 64-bit interrupt gate (Intel SDM 3A §6.14.1). */
const INTERRUPT_GATE = 0x8e00;
/** MXCSR after a reset: all exceptions masked (Intel SDM 1 §10.2.3). */
const MXCSR_DEFAULT = 0x1f80;

/** Assembles the payloads, 64-bit code. */
export function assemblePayloads(): Payloads {
  const a = new Assembler(CODE_ADDRESS, 64);
  const say = (what: number) => {
    a.mov(al, what);
    a.out(PROBE_PORT, al);
  };

  a.bind("countDown");
  a.dec(rcx);
  a.j("nz", "countDown");
  say(SAYS.DONE);

  a.bind("chatter");
  a.out(PROBE_PORT, al);
  a.jmp("chatter");

  a.bind("cmpxchg16b");
  a.mov(rdi, SCRATCH_ADDRESS);
  a.lock();
  a.db(0x48, 0x0f, 0xc7, 0x0f); // REX.W 0F C7 /1: cmpxchg16b [rdi]
  say(SAYS.DONE);

  a.bind("ldmxcsr");
  a.mov(rdi, SCRATCH_ADDRESS);
  a.mov(m64(rdi), MXCSR_DEFAULT);
  a.db(0x0f, 0xae, 0x17); // 0F AE /2: ldmxcsr [rdi]
  say(SAYS.DONE);

  a.bind("xgetbv");
  a.xor(ecx, ecx); // XCR0
  a.db(0x0f, 0x01, 0xd0);
  say(SAYS.DONE);

  a.bind("int3");
  a.int3(); // its handler says DONE
  a.bind("breakpoint");
  say(SAYS.DONE);
  a.bind("undefined");
  say(SAYS.UNDEFINED);
  a.bind("exception");
  say(SAYS.EXCEPTION);

  const entry = (name: string) => a.addressOf(name);
  const gates = new DataView(new ArrayBuffer(IDT_SIZE));
  for (let vector = 0; vector < IDT_SIZE / 16; vector++) {
    const known = vector === VECTOR.BREAKPOINT || vector === VECTOR.UNDEFINED;
    const name = !known ? "exception" : vector === VECTOR.BREAKPOINT ? "breakpoint" : "undefined";
    gates.setUint16(16 * vector, entry(name) & 0xffff, true);
    gates.setUint16(16 * vector + 2, CODE_SELECTOR, true);
    gates.setUint16(16 * vector + 4, INTERRUPT_GATE, true);
    gates.setUint16(16 * vector + 6, entry(name) >>> 16, true);
  }
  return {
    code: a.finish(),
    idt: new Uint8Array(gates.buffer),
    countDown: entry("countDown"),
    chatter: entry("chatter"),
    instructions: {
      cmpxchg16b: entry("cmpxchg16b"),
      int3: entry("int3"),
      ldmxcsr: entry("ldmxcsr"),
      xgetbv: entry("xgetbv"),
    },
  };
}
