/**
 * The board's own devices as the DSDT describes them.
 *
 * @module
 */

import { IRQ, PORT } from "../board/addresses.ts";
import { type AmlNode, device, eisaId, io, irq, name, type Resource, resourceTemplate } from "./aml/mod.ts";

const resources = (...list: readonly Resource[]) => name("_CRS", resourceTemplate(list));

const SERIAL: { readonly [number: number]: { readonly port: number; readonly irq: number } } = {
  1: { port: PORT.COM1, irq: IRQ.COM1 },
  2: { port: PORT.COM2, irq: IRQ.COM2 },
  3: { port: PORT.COM3, irq: IRQ.COM3 },
  4: { port: PORT.COM4, irq: IRQ.COM4 },
};

/**
 * The 16550A serial ports numbered: PNP0501 with eight ports and a line. A line that two of them use is
 * declared shared; a port alone on its line takes the plain ISA form.
 *
 * @throws {RangeError} if a number isn't 1 to 4.
 */
export function serialPorts(numbers: readonly number[]): AmlNode[] {
  const wiring = numbers.map((number) => {
    const wires = SERIAL[number];
    if (wires === undefined) throw new RangeError(`there is no COM${number}`);
    return { number, ...wires };
  });
  return wiring.map((com) => {
    const shared = wiring.some((other) => other !== com && other.irq === com.irq);
    return device(`COM${com.number}`, [
      name("_HID", eisaId("PNP0501")),
      name("_UID", com.number),
      resources(io(com.port, 8), shared ? irq(com.irq, { shared }) : irq(com.irq)),
    ]);
  });
}

/** The CMOS clock: index and data port. */
export function realTimeClock(): AmlNode {
  return device("RTC", [name("_HID", eisaId("PNP0B00")), resources(io(PORT.RTC, 2), irq(IRQ.RTC))]);
}

/** Keyboard and mouse of the i8042. Its two ports belong to the keyboard, as on every PC. */
export function keyboardAndMouse(): AmlNode[] {
  return [
    device("KBD", [
      name("_HID", eisaId("PNP0303")),
      resources(io(PORT.I8042_DATA, 1), io(PORT.I8042_COMMAND, 1), irq(IRQ.I8042_KEYBOARD)),
    ]),
    device("MOU", [name("_HID", eisaId("PNP0F13")), resources(irq(IRQ.I8042_MOUSE))]),
  ];
}

/** The panic notification port, under the identifier that guests' drivers look for (QEMU docs/specs/pvpanic.rst). */
export function panicNotifier(): AmlNode {
  const PRESENT_AND_WORKING = 0x0f; // ACPI 6.5 §6.3.7: present, enabled, shown, functioning
  return device("PEVT", [
    name("_HID", "QEMU0001"),
    name("_STA", PRESENT_AND_WORKING),
    resources(io(PORT.PVPANIC, 1)),
  ]);
}

/** One processor; its `_UID` is that of its MADT entry (ACPI 6.5 §8.4). */
export function processor(uid: number): AmlNode {
  return device(`C${uid.toString(16).toUpperCase().padStart(3, "0")}`, [
    name("_HID", "ACPI0007"),
    name("_UID", uid),
  ]);
}
