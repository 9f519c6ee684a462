/**
 * How vCPU 0 starts, as plain data. It can be sent to a worker, and knows nothing of KVM.
 *
 * @module
 */

/** How a kernel file is booted. */
export type BootProtocol = "linux" | "elf" | "pvh" | "multiboot" | "flat";

/** General registers that a protocol gives a meaning to; the others start as 0. */
export type EntryRegister = "rax" | "rbx" | "rcx" | "rdx" | "rsi" | "rdi" | "rsp" | "rbp";

/** A segment register with its hidden part, in the terms of the Intel SDM, volume 3A, §3.4.3 and §3.4.5. */
export interface SegmentState {
  readonly selector: number;
  readonly base: number;
  /** Highest offset in bytes, whatever the granularity. */
  readonly limit: number;
  /** Type field of the descriptor, 4 bits. */
  readonly type: number;
  /** Descriptor type: 1 for code and data, 0 for TSS and LDT. */
  readonly s: 0 | 1;
  readonly dpl: 0;
  /** 0: the register is unusable. */
  readonly present: 0 | 1;
  /** Default operand size: 1 for 32 bits. */
  readonly db: 0 | 1;
  /** 64-bit code segment. */
  readonly l: 0 | 1;
  /** Granularity: 1 if the limit counts in 4 KiB. */
  readonly g: 0 | 1;
}

/** All segment registers. */
export interface EntrySegments {
  readonly cs: SegmentState;
  readonly ds: SegmentState;
  readonly es: SegmentState;
  readonly fs: SegmentState;
  readonly gs: SegmentState;
  readonly ss: SegmentState;
  readonly tr: SegmentState;
  readonly ldt: SegmentState;
}

/** GDTR or IDTR. */
export interface DescriptorTable {
  readonly base: number;
  /** Highest offset in bytes. */
  readonly limit: number;
}

/**
 * The state of vCPU 0 at the guest's first instruction.
 *
 * | mode        | CR0                        | CR4 | EFER     | CR3         | CS       | DS…SS    | TR       | GDT            |
 * |-------------|----------------------------|-----|----------|-------------|----------|----------|----------|----------------|
 * | `long`      | PE MP ET NE WP AM PG       | PAE | LME, LMA | `pageTable` | 0x10, L  | 0x18     | busy TSS | `writeGdt64`   |
 * | `protected` | PE ET                      | 0   | 0        | 0           | 0x10, DB | 0x18     | busy TSS | `writeGdt32`   |
 * | `real`      | ET                         | 0   | 0        | 0           | 16 bits  | 16 bits  | busy TSS | none (limit 0xffff at 0) |
 *
 * Interrupts are off (`rflags` is 2) and the IDT is empty in all modes but `real`, where it is the real-mode
 * vector table, so an exception before the guest has its own IDT is a triple fault.
 */
export interface BootEntry {
  readonly mode: "long" | "protected" | "real";
  readonly protocol: BootProtocol;
  /** One line for people: what is booted and how. */
  readonly description: string;
  /** Offset of the first instruction from CS's base; the base is 0 except in real mode. */
  readonly rip: number;
  readonly rflags: number;
  readonly registers: { readonly [Name in EntryRegister]?: number };
  readonly cr0: number;
  readonly cr4: number;
  readonly efer: number;
  /** CR3, in mode `long` only: tables that map the first 4 GiB one to one. */
  readonly pageTable?: number;
  readonly gdt: DescriptorTable;
  readonly idt: DescriptorTable;
  readonly segments: EntrySegments;
}
