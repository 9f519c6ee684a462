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
  /**
   * PCI Express configuration space of bus 0: 4 KiB for each of 256 functions (PCIe 4.0 §7.2.2). What is below it in
   * the hole is free for devices at fixed addresses.
   */
  PCI_ECAM: 0xe000_0000,
  PCI_ECAM_SIZE: MIB,
  /** Where BARs of PCI functions lie below 4 GiB: from the configuration space to the IOAPIC. */
  PCI_WINDOW32: 0xe010_0000,
  PCI_WINDOW32_SIZE: 0xfec0_0000 - 0xe010_0000,
  /** Where they lie above: the upper half of 39 bits, which the narrowest processors in use have. */
  PCI_WINDOW64: 256 * GIB,
  PCI_WINDOW64_SIZE: 256 * GIB,
  /** Windows of virtio devices without PCI, one after the other: see `virtioMmio`. */
  VIRTIO_MMIO: 0xd000_0000,
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
  /**
   * PCI configuration mechanism #1 (PCI 3.0 §3.2.2.3.2): address register and data window, 4 ports each. Only accesses
   * of 4 bytes are to the address register; its second byte alone is RESET_CONTROL.
   */
  PCI_CONFIG_ADDRESS: 0xcf8,
  PCI_CONFIG_DATA: 0xcfc,
  /** PCI hot-plug: slots that came, slots that shall go, and ejection; 4 ports each. */
  PCI_HOTPLUG_UP: 0xae00,
  PCI_HOTPLUG_DOWN: 0xae04,
  PCI_HOTPLUG_EJECT: 0xae08,
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
  /** The pins of PCI functions are spread over PCI_LINES lines from here on: see `pciLine`. */
  PCI_FIRST: 16,
} as const;

/** Lines that PCI functions share, above those of ISA: the rest of the IOAPIC. */
const PCI_LINES = 8;

/** The interrupt line of the INTA# pin of PCI device `device`, 0 to 31. */
export function pciLine(device: number): number {
  return IRQ.PCI_FIRST + device % PCI_LINES;
}

/** Lines that nothing else has on a board without PCI: those above ISA's first. */
const FREE_LINES = [16, 17, 18, 19, 20, 21, 22, 23, 5, 6, 7, 10, 11, 13, 14, 15] as const;

/** Virtio devices over MMIO, at most. */
export const MAX_VIRTIO_MMIO = FREE_LINES.length;

/** Bytes of a virtio device's window: its registers, and room for its configuration. */
export const VIRTIO_MMIO_SIZE = 0x200;

/** Where the n-th virtio device over MMIO is, and its interrupt line, which is its own. */
export function virtioMmio(index: number): { readonly base: number; readonly irq: number } {
  return { base: GPA.VIRTIO_MMIO + index * VIRTIO_MMIO_SIZE, irq: FREE_LINES[index]! };
}

/** General-purpose events (ACPI 6.5 §4.8.4.1): bits of GPE0. */
export const GPE = {
  /** The PCI hot-plug block has news. */
  PCI_HOTPLUG: 1,
} as const;

/** Values that reset or power off this board when written, as ACPI tells the guest. */
export const ACPI_VALUES = {
  /** SLP_TYP for S5 in the DSDT's \_S5 package. */
  S5_SLEEP_TYPE: 5,
  /** Written to RESET_CONTROL by the FADT's reset register. */
  RESET_VALUE: 0x06,
} as const;
