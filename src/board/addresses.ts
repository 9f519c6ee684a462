/**
 * Every fixed address of the board in one table: guest-physical addresses, I/O ports and interrupt lines.
 *
 * Nothing else in the project spells these numbers; devices see offsets, and the ACPI tables, the loaders and
 * the composition root read them here.
 *
 * @module
 */

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;

/** Guest-physical address space. Gaps are unclaimed: they read as all ones. */
export const GPA = {
  /** Flat GDT for the 64-bit and protected-mode entries (5 × 8 bytes). */
  BOOT_GDT: 0x500,
  /** Linux `boot_params`, the "zero page" (Documentation/arch/x86/zero-page.rst), 4 KiB. */
  ZERO_PAGE: 0x7000,
  /** Initial stack pointer: grows down from here. */
  BOOT_STACK: 0x7000,
  /** Identity page tables: PML4, PDPT and four page directories (6 × 4 KiB). */
  PAGE_TABLES: 0x9000,
  /** `hvm_start_info` of the PVH boot protocol or the multiboot information, with its tables (8 KiB). */
  START_INFO: 0x1_0000,
  /** Kernel command line, up to 64 KiB. */
  COMMAND_LINE: 0x2_0000,
  /** End of conventional memory as the memory map tells it; above it the (absent) EBDA and video memory. */
  LOW_MEMORY_END: 0x9_fc00,
  /** ACPI tables, 64 KiB below 1 MiB in the range that old guests scan for the RSDP (ACPI 6.5 §5.2.5.1). */
  ACPI_TABLES: 0xe_0000,
  ACPI_TABLES_SIZE: 64 * KIB,
  /** Where kernels are loaded and RAM is contiguous again. */
  HIGH_MEMORY: MIB,
  /** RAM below 4 GiB ends here at the latest; PCI windows and the interrupt controllers live above it. */
  HOLE_START: 3 * GIB,
  HOLE_END: 4 * GIB,
  /** In-kernel interrupt controllers (Intel SDM 3A §11.4.1; 82093AA §3.0). */
  IOAPIC: 0xfec0_0000,
  LOCAL_APIC: 0xfee0_0000,
  /** Scratch pages that KVM needs on Intel hosts without unrestricted guest (KVM_SET_IDENTITY_MAP_ADDR, KVM_SET_TSS_ADDR). */
  KVM_IDENTITY_MAP: 0xfffb_c000,
  KVM_TSS: 0xfffb_d000,
} as const;

/** I/O ports: first port of each block. */
export const PORT = {
  I8042_DATA: 0x60,
  I8042_COMMAND: 0x64,
  RTC: 0x70,
  DEBUG_CONSOLE: 0xe9,
  ISA_DEBUG_EXIT: 0xf4,
  COM1: 0x3f8,
  COM2: 0x2f8,
  COM3: 0x3e8,
  COM4: 0x2e8,
  /** pvpanic, QEMU's docs/specs/pvpanic.rst. */
  PVPANIC: 0x505,
  /** ACPI fixed hardware: PM1a event block (4 bytes), PM1a control (2), PM timer (4), GPE0 (4); ACPI 6.5 §4.8. */
  ACPI_PM1_EVENT: 0x600,
  ACPI_PM1_CONTROL: 0x604,
  ACPI_PM_TIMER: 0x608,
  ACPI_GPE0: 0x620,
  /** Reset control register as on PIIX and ICH chipsets; also the FADT's RESET_REG. */
  RESET_CONTROL: 0xcf9,
} as const;

/** Interrupt lines (GSI = ISA IRQ = IOAPIC pin on this board, the timer's 0 included, as KVM routes them at first). */
export const IRQ = {
  I8042_KEYBOARD: 1,
  COM2: 3,
  COM1: 4,
  COM3: 4,
  COM4: 3,
  RTC: 8,
  /** ACPI system control interrupt: level, active high as the MADT override says. */
  SCI: 9,
  I8042_MOUSE: 12,
} as const;

/** Values that reset or power off this board when written, as ACPI tells the guest. */
export const ACPI_VALUES = {
  /** SLP_TYP for S5 in the DSDT's \_S5 package. */
  S5_SLEEP_TYPE: 5,
  /** Written to RESET_CONTROL by the FADT's reset register. */
  RESET_VALUE: 0x06,
} as const;
