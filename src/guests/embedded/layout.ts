/**
 * Where the embedded guest keeps its things, and the numbers its rooms agree on.
 *
 * @module
 */

/** Guest-physical addresses, which are also its virtual ones. */
export const AT = {
  /** Application processors start here in real mode: a page below 1 MiB that boot loaders leave free. */
  TRAMPOLINE: 0x8000,
  /** The image: code, tables and data. Below 16 MiB, as the trampoline's 16-bit LGDT loads 24 bits of base. */
  IMAGE: 0x10_0000,
  /** The image must end before this. */
  IMAGE_END: 0x11_0000,
  /** Stacks grow down from these. */
  KERNEL_STACK: 0x11_2000,
  INTERRUPT_STACK: 0x11_4000,
  USER_STACK: 0x11_5000,
  /** End of everything: the segment's size in memory. */
  END: 0x11_5000,
} as const;

/** GDT selectors; user ones with requested privilege level 3. */
export const SELECTOR = {
  KERNEL_CODE: 0x08,
  KERNEL_DATA: 0x10,
  USER_DATA: 0x1b,
  USER_CODE: 0x23,
  TSS: 0x28,
} as const;

/** Interrupt vectors above the 32 exceptions. */
export const VECTOR = { BREAKPOINT: 3, TIMER: 0x20, COM1: 0x24, SPURIOUS: 0x2f, COUNT: 0x30 } as const;

/** Model-specific registers (Intel SDM volume 4). */
export const MSR = { APIC_BASE: 0x1b, X2APIC: 0x800, EFER: 0xc000_0080 } as const;

/** Control register bits of 64-bit mode (Intel SDM 3A §2.5 and §9.8.5). */
export const CPU_MODE = {
  /** CR0: paging, numeric error, extension type, protection. */
  CR0: 0x8000_0031,
  /** CR4: physical address extension. */
  CR4: 0x20,
  /** EFER: long mode enable. */
  EFER: 0x100,
} as const;

/** RFLAGS with interrupts enabled and the always-one bit. */
export const RFLAGS_INTERRUPTS = 0x202;
