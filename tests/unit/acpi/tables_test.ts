import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import fc from "fast-check";
import { device, interrupt, memory32Fixed, name, resourceTemplate } from "../../../src/acpi/aml/mod.ts";
import { table } from "../../../src/acpi/header.ts";
import type { AcpiMachine } from "../../../src/acpi/machine.ts";
import { buildAcpiTables } from "../../../src/acpi/tables.ts";
import { GPA } from "../../../src/board/addresses.ts";
import { RTC_REG } from "../../../src/devices/rtc/registers.ts";
import { UserError } from "../../../src/errors.ts";
import { evaluate, hasAcpiexec, hasIasl, roundTrip, withoutCompiler } from "./acpica.ts";
import { findTables } from "./guest_view.ts";

const FULL: AcpiMachine = {
  apicIds: [0, 1, 2, 3],
  serial: [1, 2, 3, 4],
  pvpanic: true,
  rtc: true,
  i8042: true,
};
const BARE: AcpiMachine = { apicIds: [0], serial: [], pvpanic: false, rtc: false, i8042: false };

const find = (machine: AcpiMachine) => findTables(buildAcpiTables(machine));

/** The MADT's entries, one array of bytes each. */
function madtEntries(machine: AcpiMachine): number[][] {
  const { bytes } = find(machine)["APIC"]!;
  const entries: number[][] = [];
  for (let at = 44; at < bytes.length; at += bytes[at + 1]!) {
    assert(bytes[at + 1]! >= 2, "an entry has a length");
    entries.push([...bytes.subarray(at, at + bytes[at + 1]!)]);
  }
  return entries;
}

Deno.test("acpi: every table of any machine is found, whole and checksummed", () => {
  const machines = fc.record({
    apicIds: fc.uniqueArray(fc.integer({ min: 0, max: 4095 }), { minLength: 1, maxLength: 64 }),
    serial: fc.subarray([1, 2, 3, 4]),
    pvpanic: fc.boolean(),
    rtc: fc.boolean(),
    i8042: fc.boolean(),
  });
  fc.assert(fc.property(machines, (machine) => {
    const found = find(machine);
    assertEquals(Object.keys(found).sort(), [
      "APIC",
      "DSDT",
      "FACP",
      "FACS",
      "RSD PTR ",
      "RSDT",
      "XSDT",
    ]);
    assertEquals(found["RSD PTR "]!.gpa, GPA.ACPI_TABLES);
    assertEquals(found["FACS"]!.gpa % 64, 0);
    assertEquals([found["FACS"]!.bytes.length, found["FACS"]!.view.getUint8(32)], [64, 2], "FACS version");
    assertEquals(found["DSDT"]!.view.getUint8(8), 2, "the DSDT's revision makes integers 64 bits wide");
  }));
});

Deno.test("acpi: the FADT describes fixed hardware, without a switch to ACPI mode", () => {
  const { bytes, view } = find(FULL)["FACP"]!;
  assertEquals([bytes.length, view.getUint8(8), view.getUint8(131)], [276, 6, 5], "length and version");
  assertEquals(view.getUint16(46, true), 9, "SCI_INT");
  assertEquals(view.getUint32(48, true), 0, "SMI_CMD");
  assertEquals(view.getUint32(112, true), 0x565, "flags: see fadt.ts");
  assertEquals(view.getUint16(109, true), 0b000111, "legacy devices, 8042, no VGA");
  assertEquals(view.getUint8(108), RTC_REG.CENTURY);

  // Each block: offset of its address, its length field, its extended address; port, bytes, access size.
  const blocks = [
    [56, 88, 148, 0x600, 4, 2], // PM1a events
    [64, 89, 172, 0x604, 2, 2], // PM1a control
    [76, 91, 208, 0x608, 4, 3], // PM timer
    [80, 92, 220, 0x620, 4, 1], // GPE0
  ] as const;
  for (const [address, length, extended, port, size, access] of blocks) {
    assertEquals(view.getUint32(address, true), port);
    assertEquals(view.getUint8(length), size);
    assertEquals([...bytes.subarray(extended, extended + 4)], [1, 8 * size, 0, access]);
    assertEquals(view.getBigUint64(extended + 4, true), BigInt(port));
  }
  assertEquals([...bytes.subarray(116, 120)], [1, 8, 0, 1], "RESET_REG is a byte in I/O space");
  assertEquals(view.getBigUint64(120, true), 0xcf9n);
  assertEquals(view.getUint8(128), 0x06, "RESET_VALUE");
});

Deno.test("acpi: the FADT of a machine without legacy devices says so", () => {
  const { view } = find(BARE)["FACP"]!;
  assertEquals(view.getUint16(109, true), 0b100100, "no VGA, no CMOS clock");
  assertEquals(view.getUint8(108), 0, "no century");
  assertEquals(find({ ...BARE, serial: [1] })["FACP"]!.view.getUint16(109, true), 0b100101);
});

Deno.test("acpi: the MADT lists processors, the IOAPIC and how lines arrive", () => {
  const { view } = find(FULL)["APIC"]!;
  assertEquals(view.getUint32(36, true), 0xfee0_0000);
  assertEquals(view.getUint32(40, true), 1, "8259s are there");
  assertEquals(madtEntries({ ...FULL, apicIds: [0, 4] }), [
    [0, 8, 0, 0, 1, 0, 0, 0],
    [0, 8, 1, 4, 1, 0, 0, 0],
    [1, 12, 0, 0, 0, 0, 0xc0, 0xfe, 0, 0, 0, 0],
    [2, 10, 0, 9, 9, 0, 0, 0, 0b1101, 0], // SCI: level, active high
    [4, 6, 0xff, 0, 0, 1], // NMI on LINT1 of all
  ]);
});

Deno.test("acpi: APIC identifiers from 255 on take x2APIC entries", () => {
  const entries = madtEntries({ ...FULL, apicIds: [254, 255, 0x1234] });
  assertEquals(entries.slice(0, 3), [
    [0, 8, 0, 254, 1, 0, 0, 0],
    [9, 16, 0, 0, 255, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0],
    [9, 16, 0, 0, 0x34, 0x12, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0],
  ]);
  assertEquals(entries.at(-1), [10, 12, 0, 0, 0xff, 0xff, 0xff, 0xff, 1, 0, 0, 0]);
});

Deno.test("acpi: further devices and tables reach the guest", () => {
  const virtio = device("VIO0", [
    name("_HID", "LNRO0005"),
    name("_UID", 0),
    name("_CRS", resourceTemplate([memory32Fixed(0xd000_0000, 0x200), interrupt(16)])),
  ]);
  const found = find({
    ...BARE,
    extraDevices: [virtio],
    extraTables: [table("TEST", 1, Uint8Array.of(1, 2, 3))],
  });
  assertStringIncludes(new TextDecoder("latin1").decode(found["DSDT"]!.bytes), "LNRO0005");
  assertEquals([...found["TEST"]!.bytes.subarray(36)], [1, 2, 3]);
});

Deno.test("acpi: a machine too large for the tables' area is refused", () => {
  const apicIds = Array.from({ length: 4000 }, (_, index) => index);
  const error = assertThrows(() => buildAcpiTables({ ...FULL, apicIds }), UserError);
  assertStringIncludes(error.message, "65536");
  assertThrows(() => buildAcpiTables({ ...FULL, serial: [5] }), RangeError);
});

for (
  const [kind, machine] of [
    ["full", FULL],
    ["bare", BARE],
    ["300-processor", { ...FULL, serial: [1], apicIds: Array.from({ length: 300 }, (_, index) => index) }],
  ] as const
) {
  Deno.test({
    name: `acpi: iasl finds nothing to complain of in a ${kind} machine's tables (needs acpica-tools)`,
    ignore: !hasIasl,
    fn: async () => {
      for (const [signature, { bytes }] of Object.entries(find(machine))) {
        if (signature === "RSD PTR ") continue; // no table: iasl takes none
        const again = await roundTrip(bytes);
        assertEquals(again.complaints, [], signature);
        assertStringIncludes(again.summary, "0 Errors, 0 Warnings, 0 Remarks", signature);
        assertEquals(withoutCompiler(again.bytes), withoutCompiler(bytes), signature);
      }
    },
  });
}

/** A DSDT's devices as iasl reads them: name, identifier, I/O ranges and interrupt descriptors. */
async function devicesOf(machine: AcpiMachine): Promise<string[]> {
  const { source } = await roundTrip(find(machine)["DSDT"]!.bytes);
  const bare = source.replace(/\/[/*].*$/gm, "").replace(/\s+/g, " ");
  return bare.split(/Device \(/).slice(1).map((block) => {
    const id = /Name \(_HID, (?:EisaId \()?"(\w+)"/.exec(block)?.[1];
    const uid = /Name \(_UID, (\w+)\)/.exec(block)?.[1] ?? "-";
    const ports = [...block.matchAll(/IO \(Decode16, 0x(\w+), 0x\1, 0x01, 0x(\w+)/g)].map((io) =>
      `${io[1]}+${io[2]}`
    );
    const lines = [...block.matchAll(/(IRQ\w* \([^)]*\)) ({\d+})/g)].map((irq) => irq[1] + irq[2]!);
    return [block.slice(0, 4), id, uid, ...ports, ...lines].join(" ");
  });
}

Deno.test({
  name: "acpi: iasl reads the devices that the machine has, and no others (needs acpica-tools)",
  ignore: !hasIasl,
  fn: async () => {
    assertEquals(await devicesOf(BARE), ["C000 ACPI0007 Zero"]);
    assertEquals(await devicesOf({ ...BARE, serial: [1, 2] }), [
      "C000 ACPI0007 Zero",
      "COM1 PNP0501 One 03F8+08 IRQNoFlags (){4}",
      "COM2 PNP0501 0x02 02F8+08 IRQNoFlags (){3}",
    ]);
    assertEquals(await devicesOf({ ...FULL, apicIds: [0, 2] }), [
      "C000 ACPI0007 Zero",
      "C001 ACPI0007 One",
      "COM1 PNP0501 One 03F8+08 IRQ (Edge, ActiveHigh, Shared, ){4}",
      "COM2 PNP0501 0x02 02F8+08 IRQ (Edge, ActiveHigh, Shared, ){3}",
      "COM3 PNP0501 0x03 03E8+08 IRQ (Edge, ActiveHigh, Shared, ){4}",
      "COM4 PNP0501 0x04 02E8+08 IRQ (Edge, ActiveHigh, Shared, ){3}",
      "RTC) PNP0B00 - 0070+02 IRQNoFlags (){8}",
      "KBD) PNP0303 - 0060+01 0064+01 IRQNoFlags (){1}",
      "MOU) PNP0F13 - IRQNoFlags (){12}",
      "PEVT QEMU0001 - 0505+01",
    ]);
  },
});

Deno.test({
  name: "acpi: ACPICA's interpreter finds S5 and the panic notifier's status (needs acpica-tools)",
  ignore: !hasAcpiexec,
  fn: async () => {
    const dsdt = find(FULL)["DSDT"]!.bytes;
    assertEquals(await evaluate(dsdt, ["\\_SB.PEVT._STA", "\\_S5"]), [
      "[Integer] = 000000000000000F",
      `[Package] Contains 4 Elements: [Integer] = 0000000000000005${
        " [Integer] = 0000000000000000".repeat(3)
      }`,
    ]);
  },
});
