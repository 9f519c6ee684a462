import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { call, method, ref, store, uuid } from "../../../src/acpi/aml/mod.ts";
import { join } from "../../../src/acpi/aml/encode.ts";
import { table } from "../../../src/acpi/header.ts";
import type { AcpiMachine } from "../../../src/acpi/machine.ts";
import { buildAcpiTables } from "../../../src/acpi/tables.ts";
import { GPA, PORT } from "../../../src/board/addresses.ts";
import { evaluate, hasAcpiexec, hasIasl, notifications, roundTrip, withoutCompiler } from "./acpica.ts";
import { findTables } from "./guest_view.ts";

const PLAIN: AcpiMachine = { apicIds: [0, 1], serial: [1], pvpanic: true, rtc: true, i8042: true };
const PCI: AcpiMachine = { ...PLAIN, pci: true };
const WIDE: AcpiMachine = { ...PCI, pciWindow64: { base: GPA.PCI_WINDOW64, length: GPA.PCI_WINDOW64_SIZE } };

const find = (machine: AcpiMachine) => findTables(buildAcpiTables(machine));

Deno.test("acpi pci: a machine without PCI has the same tables as ever", () => {
  assertEquals(buildAcpiTables({ ...PLAIN, pci: false }).bytes, buildAcpiTables(PLAIN).bytes);
  assertEquals("MCFG" in find(PLAIN), false);
});

Deno.test("acpi pci: the MCFG names the configuration space of bus 0", () => {
  const { bytes, view } = find(PCI)["MCFG"]!;
  assertEquals([bytes.length, view.getUint8(8)], [60, 1]);
  assertEquals(view.getBigUint64(44, true), BigInt(GPA.PCI_ECAM));
  assertEquals([...bytes.subarray(52)], [0, 0, 0, 0, 0, 0, 0, 0], "segment 0, buses 0 to 0");
});

Deno.test("acpi pci: a UUID's first groups are turned round, as ToUUID does", () => {
  const bytes = [...uuid("33DB4D5B-1ff7-401c-9657-7441c03dd766").bytes];
  assertEquals(
    bytes.slice(-16).map((byte) => byte.toString(16).padStart(2, "0")).join(" "),
    [
      "5b 4d db 33 f7 1f 1c 40 96 57 74 41 c0 3d d7 66",
    ].join(),
  );
  for (const wrong of ["", "33db4d5b1ff7401c96577441c03dd766", "33db4d5b-1ff7-401c-9657-7441c03dd76g"]) {
    assertThrows(() => uuid(wrong), RangeError);
  }
});

for (const [kind, machine] of [["32-bit", PCI], ["64-bit", WIDE]] as const) {
  Deno.test({
    name: `acpi pci: iasl finds nothing to complain of with ${kind} windows (needs acpica-tools)`,
    ignore: !hasIasl,
    fn: async () => {
      for (const signature of ["DSDT", "MCFG"]) {
        const { bytes } = find(machine)[signature]!;
        const again = await roundTrip(bytes);
        assertEquals(again.complaints, [], signature);
        assertStringIncludes(again.summary, "0 Errors, 0 Warnings, 0 Remarks", signature);
        assertEquals(withoutCompiler(again.bytes), withoutCompiler(bytes), signature);
      }
    },
  });
}

Deno.test({
  name: "acpi pci: iasl reads the windows, the wires and what is reserved (needs acpica-tools)",
  ignore: !hasIasl,
  fn: async () => {
    const { source } = await roundTrip(find(WIDE)["DSDT"]!.bytes);
    const bare = source.replace(/\/\/.*$|\/\*.*?\*\//gm, "").replace(/\s+/g, " ");
    const hex = (value: number, digits: number) =>
      `0x${value.toString(16).toUpperCase().padStart(digits, "0")}`;
    const range = (base: number, length: number, digits: number) =>
      `${hex(0, digits)}, ${hex(base, digits)}, ${hex(base + length - 1, digits)}, ${hex(0, digits)}, ${
        hex(length, digits)
      }`;
    for (
      const phrase of [
        'Device (PCI0) { Name (_HID, EisaId ("PNP0A08") ) Name (_CID, EisaId ("PNP0A03") )',
        `WordBusNumber (ResourceProducer, MinFixed, MaxFixed, PosDecode, ${range(0, 1, 4)}`,
        `WordIO (ResourceProducer, MinFixed, MaxFixed, PosDecode, EntireRange, ${range(0, 0xcf8, 4)}`,
        `WordIO (ResourceProducer, MinFixed, MaxFixed, PosDecode, EntireRange, ${range(0xd00, 0xf300, 4)}`,
        "IO (Decode16, 0x0CF8, 0x0CF8, 0x01, 0x08, )",
        `DWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed, NonCacheable, ReadWrite, ${
          range(GPA.PCI_WINDOW32, GPA.PCI_WINDOW32_SIZE, 8)
        }`,
        `QWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed, NonCacheable, ReadWrite, ${
          range(GPA.PCI_WINDOW64, GPA.PCI_WINDOW64_SIZE, 16)
        }`,
        "Package (0x04) { 0x0009FFFF, Zero, Zero, 0x11 }",
        'Device (PCIR) { Name (_HID, EisaId ("PNP0C02") )',
        `Memory32Fixed (ReadWrite, ${hex(GPA.PCI_ECAM, 8)}, ${hex(GPA.PCI_ECAM_SIZE, 8)}, )`,
        `IO (Decode16, ${hex(PORT.PCI_HOTPLUG_UP, 4)}, ${hex(PORT.PCI_HOTPLUG_UP, 4)}, 0x01, 0x0C, )`,
        "Device (SF8) { Name (_ADR, 0x001F0000) Name (_SUN, 0x1F)",
      ]
    ) assertStringIncludes(bare, phrase);
    assert(!bare.includes("Device (S00)"), "the host bridge cannot be ejected");
  },
});

Deno.test({
  name: "acpi pci: _OSC grants what nobody else looks after, and no native hot-plug (needs acpica-tools)",
  ignore: !hasAcpiexec,
  fn: async () => {
    const ID = "(5B 4D DB 33 F7 1F 1C 40 96 57 74 41 C0 3D D7 66)";
    const OTHER = "(6C 4D DB 33 F7 1F 1C 40 96 57 74 41 C0 3D D7 66)";
    const ask = (id: string, revision: number, control: string) =>
      `\\_SB.PCI0._OSC ${id} ${revision} 3 (00 00 00 00 1F 00 00 00 ${control} 00 00 00)`;
    const answers = await evaluate(find(PCI)["DSDT"]!.bytes, [
      ask(ID, 1, "1F"),
      ask(ID, 1, "14"),
      ask(ID, 2, "14"),
      ask(OTHER, 1, "1F"),
    ]);
    assertEquals(answers.map((line) => /0000: ((?:\w\w ){12})/.exec(line)?.[1]?.trim()), [
      "10 00 00 00 1F 00 00 00 1C 00 00 00", // masked: hot-plug and SHPC
      "00 00 00 00 1F 00 00 00 14 00 00 00",
      "08 00 00 00 1F 00 00 00 14 00 00 00", // unknown revision
      "04 00 00 00 1F 00 00 00 1F 00 00 00", // unknown UUID
    ]);
  },
});

Deno.test({
  name:
    "acpi pci: the hot-plug event tells each slot its news, and ejection names the slot (needs acpica-tools)",
  ignore: !hasAcpiexec,
  fn: async () => {
    // The interpreter's ports are plain memory: a method of the test's own puts the news there.
    const news = method("NEWS", { args: 2 }, [
      store(0x8000_0042, ref("\\_SB.PCI0.PHUP")),
      store(0x0000_0008, ref("\\_SB.PCI0.PHDN")),
      call("\\_GPE._E01"),
    ]);
    const body = find(PCI)["DSDT"]!.bytes.subarray(36);
    const dsdt = table("DSDT", 2, join([body, news]));
    // The interpreter hands them out on threads of its own: in any order.
    const told = await notifications(dsdt, "\\NEWS 0 0");
    assertEquals(told.sort(), ["S08_ 01", "S18_ 03", "S30_ 01", "SF8_ 01"]);
    assertEquals(await evaluate(dsdt, ["\\_SB.PCI0.SF8._EJ0 1", "\\_SB.PCI0.PHEJ"]), [
      "",
      "[Integer] = 0000000080000000",
    ]);
  },
});
