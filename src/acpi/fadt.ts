/**
 * The Fixed ACPI Description Table: power management registers at fixed places, and the board's traits
 * (ACPI 6.5 §5.2.9).
 *
 * @module
 */

import { array, packed, u16, u32, u64, u8, type View } from "../../ffi/layout.ts";
import { ACPI_VALUES, IRQ, PORT } from "../board/addresses.ts";
import { ascii, table } from "./header.ts";
import type { AcpiMachine } from "./machine.ts";

/** Generic address structure (ACPI 6.5 §5.2.3.2). */
const GenericAddress = packed("acpi_generic_address", {
  space_id: u8,
  bit_width: u8,
  bit_offset: u8,
  access_size: u8,
  address: u64,
});

/** Everything behind the header (ACPI 6.5 §5.2.9). */
const FadtBody = packed("acpi_table_fadt", {
  facs: u32,
  dsdt: u32,
  reserved_interrupt_model: u8,
  preferred_profile: u8,
  sci_interrupt: u16,
  smi_command: u32,
  acpi_enable: u8,
  acpi_disable: u8,
  s4_bios_request: u8,
  pstate_control: u8,
  pm1a_event_block: u32,
  pm1b_event_block: u32,
  pm1a_control_block: u32,
  pm1b_control_block: u32,
  pm2_control_block: u32,
  pm_timer_block: u32,
  gpe0_block: u32,
  gpe1_block: u32,
  pm1_event_length: u8,
  pm1_control_length: u8,
  pm2_control_length: u8,
  pm_timer_length: u8,
  gpe0_block_length: u8,
  gpe1_block_length: u8,
  gpe1_base: u8,
  cst_control: u8,
  c2_latency: u16,
  c3_latency: u16,
  flush_size: u16,
  flush_stride: u16,
  duty_offset: u8,
  duty_width: u8,
  day_alarm: u8,
  month_alarm: u8,
  century: u8,
  boot_architecture: u16,
  reserved: u8,
  flags: u32,
  reset_register: GenericAddress,
  reset_value: u8,
  arm_boot_architecture: u16,
  minor_revision: u8,
  x_facs: u64,
  x_dsdt: u64,
  x_pm1a_event_block: GenericAddress,
  x_pm1b_event_block: GenericAddress,
  x_pm1a_control_block: GenericAddress,
  x_pm1b_control_block: GenericAddress,
  x_pm2_control_block: GenericAddress,
  x_pm_timer_block: GenericAddress,
  x_gpe0_block: GenericAddress,
  x_gpe1_block: GenericAddress,
  sleep_control: GenericAddress,
  sleep_status: GenericAddress,
  hypervisor_id: array(u8, 8),
});

/** Major and minor version of the table: ACPI 6.5 (§5.2.9). */
const REVISION = 6;
const MINOR_REVISION = 5;

/** Fixed feature flags (ACPI 6.5 §5.2.9). A clear PWR_BUTTON means the fixed power button is there. */
const FADT_FLAG = {
  /** WBINVD works. */
  WBINVD: 1 << 0,
  /** HLT is the C1 state on all processors. */
  PROC_C1: 1 << 2,
  /** There is no fixed sleep button. */
  SLP_BUTTON: 1 << 5,
  /** The clock's wake status is in no fixed register. */
  FIX_RTC: 1 << 6,
  /** The PM timer counts 32 bits, not 24. */
  TMR_VAL_EXT: 1 << 8,
  /** RESET_REG is there. */
  RESET_REG_SUP: 1 << 10,
} as const;

/** IA-PC boot architecture flags (ACPI 6.5 §5.2.9.3). */
const BOOT_ARCHITECTURE = {
  /** User-visible devices on an ISA bus. */
  LEGACY_DEVICES: 1 << 0,
  /** A keyboard controller at ports 0x60 and 0x64. */
  I8042: 1 << 1,
  /** Don't probe for VGA. */
  VGA_NOT_PRESENT: 1 << 2,
  /** Don't probe for the CMOS clock. */
  CMOS_RTC_NOT_PRESENT: 1 << 5,
} as const;

/** Latencies in µs above 100 and 1000 say that there is no C2 and no C3 (ACPI 6.5 §5.2.9, P_LVL2_LAT and P_LVL3_LAT). */
const NO_C2 = 0xffff;
const NO_C3 = 0xffff;

/** CMOS byte with the century, where PCs have had it since the IBM AT's successors. */
const RTC_CENTURY = 0x32;

/** Points a generic address at I/O ports; accesses are as wide as `accessBytes`. */
function pointAtPorts(
  address: View<typeof GenericAddress>,
  port: number,
  bytes: number,
  accessBytes: 1 | 2 | 4,
): void {
  const SYSTEM_IO = 1;
  address.space_id = SYSTEM_IO;
  address.bit_width = 8 * bytes;
  address.access_size = { 1: 1, 2: 2, 4: 3 }[accessBytes];
  address.address_num = port;
}

/**
 * The FADT of a machine that is in ACPI mode from the start (SMI_CMD is 0, so nothing switches it).
 * `facs` and `dsdt` are guest-physical addresses below 4 GiB.
 */
export function buildFadt(machine: AcpiMachine, facs: number, dsdt: number): Uint8Array {
  const fadt = FadtBody.create();
  // The FACS has one address only: the specification has guests ignore the other. The DSDT's two may agree.
  fadt.facs = facs;
  fadt.dsdt = dsdt;
  fadt.x_dsdt_num = dsdt;
  fadt.minor_revision = MINOR_REVISION;
  fadt.hypervisor_id.set(ascii("DENOVISR"));

  fadt.sci_interrupt = IRQ.SCI;
  fadt.c2_latency = NO_C2;
  fadt.c3_latency = NO_C3;
  fadt.century = machine.rtc ? RTC_CENTURY : 0;
  fadt.flags = FADT_FLAG.WBINVD | FADT_FLAG.PROC_C1 | FADT_FLAG.SLP_BUTTON | FADT_FLAG.FIX_RTC |
    FADT_FLAG.TMR_VAL_EXT | FADT_FLAG.RESET_REG_SUP;
  fadt.boot_architecture = BOOT_ARCHITECTURE.VGA_NOT_PRESENT |
    (machine.serial.length > 0 || machine.i8042 ? BOOT_ARCHITECTURE.LEGACY_DEVICES : 0) |
    (machine.i8042 ? BOOT_ARCHITECTURE.I8042 : 0) |
    (machine.rtc ? 0 : BOOT_ARCHITECTURE.CMOS_RTC_NOT_PRESENT);

  // Register blocks, each in its old and its extended form; guests prefer the latter.
  fadt.pm1a_event_block = PORT.ACPI_PM1_EVENT;
  fadt.pm1_event_length = 4;
  pointAtPorts(fadt.x_pm1a_event_block, PORT.ACPI_PM1_EVENT, 4, 2);
  fadt.pm1a_control_block = PORT.ACPI_PM1_CONTROL;
  fadt.pm1_control_length = 2;
  pointAtPorts(fadt.x_pm1a_control_block, PORT.ACPI_PM1_CONTROL, 2, 2);
  fadt.pm_timer_block = PORT.ACPI_PM_TIMER;
  fadt.pm_timer_length = 4;
  pointAtPorts(fadt.x_pm_timer_block, PORT.ACPI_PM_TIMER, 4, 4);
  fadt.gpe0_block = PORT.ACPI_GPE0;
  fadt.gpe0_block_length = 4;
  pointAtPorts(fadt.x_gpe0_block, PORT.ACPI_GPE0, 4, 1);
  pointAtPorts(fadt.reset_register, PORT.RESET_CONTROL, 1, 1);
  fadt.reset_value = ACPI_VALUES.RESET_VALUE;
  return table("FACP", REVISION, fadt.$bytes);
}
