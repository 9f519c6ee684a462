/**
 * The Multiple APIC Description Table: processors, interrupt controllers and how lines reach them
 * (ACPI 6.5 §5.2.12).
 *
 * @module
 */

import { array, packed, u16, u32, u8 } from "../../ffi/layout.ts";
import { GPA, IRQ } from "../board/addresses.ts";
import { join } from "./aml/encode.ts";
import { table } from "./header.ts";
import type { AcpiMachine } from "./machine.ts";

/** Version of the table in ACPI 6.5 (§5.2.12). */
const REVISION = 6;

const MadtBody = packed("acpi_table_madt", { local_apic: u32, flags: u32 });

/** MADT flag: there is a pair of 8259s too, for the guest to mask (ACPI 6.5 §5.2.12, PCAT_COMPAT). */
const PCAT_COMPAT = 1 << 0;

/** Entry types (ACPI 6.5 §5.2.12). */
const MADT_ENTRY = {
  LOCAL_APIC: 0,
  IO_APIC: 1,
  SOURCE_OVERRIDE: 2,
  LOCAL_APIC_NMI: 4,
  LOCAL_X2APIC: 9,
  LOCAL_X2APIC_NMI: 10,
} as const;

const LocalApic = packed("acpi_madt_local_apic", { type: u8, length: u8, uid: u8, id: u8, flags: u32 });

const LocalX2Apic = packed("acpi_madt_local_x2apic", {
  type: u8,
  length: u8,
  reserved: u16,
  id: u32,
  flags: u32,
  uid: u32,
});

const IoApic = packed("acpi_madt_io_apic", {
  type: u8,
  length: u8,
  id: u8,
  reserved: u8,
  address: u32,
  gsi_base: u32,
});

const SourceOverride = packed("acpi_madt_interrupt_override", {
  type: u8,
  length: u8,
  bus: u8,
  source: u8,
  gsi: u32,
  flags: u16,
});

const LocalApicNmi = packed("acpi_madt_local_apic_nmi", {
  type: u8,
  length: u8,
  uid: u8,
  flags: u16,
  lint: u8,
});

const LocalX2ApicNmi = packed("acpi_madt_local_x2apic_nmi", {
  type: u8,
  length: u8,
  flags: u16,
  uid: u32,
  lint: u8,
  reserved: array(u8, 3),
});

/** Local APIC flag: usable (ACPI 6.5 §5.2.12.2). */
const ENABLED = 1 << 0;

/** Lowest identifier that the eight-bit entry cannot name: 255 there means all processors (ACPI 6.5 §5.2.12.12). */
const FIRST_X2APIC_ID = 255;

/** MPS INTI flags (ACPI 6.5 §5.2.12.5): as the bus has it, which for ISA is edge, active high. */
const CONFORMS = 0;
const ACTIVE_HIGH = 0b01;
const LEVEL_TRIGGERED = 0b11 << 2;

/** KVM's IOAPIC has identifier 0 from reset on (82093AA §3.2.1). */
const IO_APIC_ID = 0;

/** Non-maskable interrupts arrive at every processor's second local pin (Intel MultiProcessor Specification 1.4 §3.6.2). */
const NMI_LINT = 1;

const needsX2Apic = (id: number) => id >= FIRST_X2APIC_ID;

function processorEntry(id: number, uid: number): Uint8Array {
  const wide = needsX2Apic(id);
  const entry = wide ? LocalX2Apic.create() : LocalApic.create();
  entry.type = wide ? MADT_ENTRY.LOCAL_X2APIC : MADT_ENTRY.LOCAL_APIC;
  entry.length = entry.$bytes.length;
  entry.id = id;
  entry.uid = uid;
  entry.flags = ENABLED;
  return entry.$bytes;
}

function ioApicEntry(): Uint8Array {
  const entry = IoApic.create();
  entry.type = MADT_ENTRY.IO_APIC;
  entry.length = IoApic.size;
  entry.id = IO_APIC_ID;
  entry.address = GPA.IOAPIC;
  return entry.$bytes;
}

function overrideEntry(source: number, gsi: number, flags: number): Uint8Array {
  const entry = SourceOverride.create();
  entry.type = MADT_ENTRY.SOURCE_OVERRIDE;
  entry.length = SourceOverride.size;
  entry.source = source;
  entry.gsi = gsi;
  entry.flags = flags;
  return entry.$bytes;
}

/** NMI wiring of all processors of one kind: the largest UID stands for all. */
function nmiEntry(wide: boolean): Uint8Array {
  const entry = wide ? LocalX2ApicNmi.create() : LocalApicNmi.create();
  entry.type = wide ? MADT_ENTRY.LOCAL_X2APIC_NMI : MADT_ENTRY.LOCAL_APIC_NMI;
  entry.length = entry.$bytes.length;
  entry.uid = wide ? 0xffff_ffff : 0xff;
  entry.flags = CONFORMS;
  entry.lint = NMI_LINT;
  return entry.$bytes;
}

/** The MADT of a machine. A vCPU's UID is its index, as in the DSDT. */
export function buildMadt(machine: AcpiMachine): Uint8Array {
  const body = MadtBody.create();
  body.local_apic = GPA.LOCAL_APIC;
  body.flags = PCAT_COMPAT;
  return table(
    "APIC",
    REVISION,
    join([
      body.$bytes,
      ...machine.apicIds.map(processorEntry),
      ioApicEntry(),
      // ISA lines reach the IOAPIC pin of their number, the timer's too: KVM's own routing, so no table to replace.
      overrideEntry(IRQ.SCI, IRQ.SCI, ACTIVE_HIGH | LEVEL_TRIGGERED),
      nmiEntry(false),
      ...(machine.apicIds.some(needsX2Apic) ? [nmiEntry(true)] : []),
    ]),
  );
}
