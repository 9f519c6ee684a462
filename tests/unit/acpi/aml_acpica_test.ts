import { assertEquals, assertStringIncludes } from "@std/assert";
import {
  add,
  and,
  arg,
  call,
  device,
  dwordMemory,
  eisaId,
  equal,
  field,
  FIELD_ACCESS,
  FIELD_UPDATE,
  greater,
  ifThen,
  interrupt,
  irq,
  less,
  local,
  memory32Fixed,
  method,
  name,
  not,
  notify,
  operationRegion,
  or,
  packageOf,
  qwordMemory,
  ref,
  REGION_SPACE,
  resourceTemplate,
  returnValue,
  scope,
  shiftLeft,
  shiftRight,
  store,
  subtract,
  whileLoop,
  wordBusNumber,
  wordIo,
} from "../../../src/acpi/aml/mod.ts";
import { join } from "../../../src/acpi/aml/encode.ts";
import { table } from "../../../src/acpi/header.ts";
import { evaluate, hasAcpiexec, hasIasl, roundTrip, withoutCompiler } from "./acpica.ts";

/** One use of everything the builder encodes, as a hot-plug controller and a PCI root would have it. */
function everyConstruct(): Uint8Array {
  return table(
    "DSDT",
    2,
    join([
      scope("\\_SB", [
        operationRegion("HPIO", REGION_SPACE.SYSTEM_IO, 0xae00, 8),
        field("HPIO", { access: FIELD_ACCESS.DWORD, update: FIELD_UPDATE.WRITE_AS_ZEROS, lock: true }, [
          { name: "UP", bits: 4 },
          { bits: 28 },
          { name: "DOWN", bits: 32 },
        ]),
        device("PCI0", [
          name("_HID", eisaId("PNP0A08")),
          name("_UID", 0),
          name(
            "_CRS",
            resourceTemplate([
              wordBusNumber(0, 256),
              wordIo(0xd00, 0xf300),
              dwordMemory(0xc000_0000, 0x1000_0000, { window: true }),
              qwordMemory(2 ** 36, 2 ** 36, { window: true, caching: "prefetchable" }),
            ]),
          ),
        ]),
        device("VIO0", [
          name("_HID", "LNRO0005"),
          name("_UID", 0),
          name("_CRS", resourceTemplate([memory32Fixed(0xd000_0000, 0x200), interrupt(16)])),
        ]),
        device("LVL", [
          name("_HID", "DNVR0001"),
          name(
            "_CRS",
            resourceTemplate([
              qwordMemory(2 ** 40, 4096),
              irq(5, { level: true, activeLow: true, shared: true }),
              interrupt(23, { level: true, activeLow: true, shared: true }),
            ]),
          ),
        ]),
      ]),
      scope("\\_GPE", [
        method("_E01", {}, [
          store(ref("\\_SB.UP"), local(0)),
          ifThen(local(0), [notify(ref("\\_SB.PCI0"), 1)], [notify(ref("\\_SB.VIO0"), 0x80)]),
          store(local(0), ref("\\_SB.DOWN")),
        ]),
      ]),
      name("WIDE", 0x1234_5678_9abc_def0n),
      name("LIST", packageOf([1, "two", packageOf([0x1_0000]), ref("WIDE")])),
      method("SUM", { args: 1, serialized: true }, [
        // The sum of 0 … arg0-1, the long way.
        store(0, local(0)),
        store(0, local(1)),
        whileLoop(less(local(0), arg(0)), [
          add(local(1), local(0), local(1)),
          add(local(0), 1, local(0)),
        ]),
        returnValue(local(1)),
      ]),
      method("BITS", { args: 2 }, [
        or(shiftLeft(arg(0), 4), and(shiftRight(arg(1), 8), 0xf), local(0)),
        returnValue(subtract(local(0), 1)),
      ]),
      method("SIGN", { args: 2 }, [
        ifThen(greater(arg(0), arg(1)), [returnValue("more")]),
        ifThen(not(equal(arg(0), arg(1))), [returnValue("less")], [returnValue("same")]),
      ]),
      method("CALL", {}, [returnValue(call("SUM", [add(call("BITS", [1, 0x300]), 1)]))]),
    ]),
  );
}

Deno.test({
  name: "aml: iasl understands every construct and compiles it to the same bytes (needs acpica-tools)",
  ignore: !hasIasl,
  fn: async () => {
    const original = everyConstruct();
    const { source, summary, bytes, complaints } = await roundTrip(original);
    assertEquals(complaints, []);
    assertStringIncludes(summary, "0 Errors, 0 Warnings, 0 Remarks");
    assertEquals(withoutCompiler(bytes), withoutCompiler(original));
    for (
      const phrase of [
        "WordBusNumber (ResourceProducer, MinFixed, MaxFixed, PosDecode",
        "WordIO (ResourceProducer, MinFixed, MaxFixed, PosDecode, EntireRange",
        "DWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed, NonCacheable, ReadWrite",
        "QWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed, Prefetchable, ReadWrite",
        "QWordMemory (ResourceConsumer, PosDecode, MinFixed, MaxFixed, NonCacheable, ReadWrite",
        "Interrupt (ResourceConsumer, Edge, ActiveHigh, Exclusive, ,, )",
        "Interrupt (ResourceConsumer, Level, ActiveLow, Shared, ,, )",
        "IRQ (Level, ActiveLow, Shared, )",
        "Field (HPIO, DWordAcc, Lock, WriteAsZeros)",
        "Method (SUM, 1, Serialized)",
      ]
    ) assertStringIncludes(source, phrase);
  },
});

Deno.test({
  name: "aml: methods compute what they say under ACPICA's interpreter (needs acpica-tools)",
  ignore: !hasAcpiexec,
  fn: async () => {
    const results = await evaluate(everyConstruct(), [
      "\\SUM 10",
      "\\BITS 0x21 0x7654",
      "\\SIGN 2 1",
      "\\SIGN 1 2",
      "\\SIGN 2 2",
      "\\CALL",
      "\\WIDE",
    ]);
    const integer = (value: number | bigint) =>
      `[Integer] = ${value.toString(16).toUpperCase().padStart(16, "0")}`;
    assertEquals(results, [
      integer(45), // 0 + … + 9
      integer(0x215),
      '[String] Length 04 = "more"',
      '[String] Length 04 = "less"',
      '[String] Length 04 = "same"',
      integer(171), // BITS (1, 0x300) + 1 is 19
      integer(0x1234_5678_9abc_def0n),
    ]);
  },
});
