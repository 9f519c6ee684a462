import { assertEquals, assertThrows } from "@std/assert";
import { PORT } from "../../../src/board/addresses.ts";
import type { Recorder } from "../bus/fakes.ts";
import { CARD, CARD_SLOT, pciRig } from "./rig.ts";

Deno.test("pci config: a scan by ports and one by memory find the same functions, in every isolate", () => {
  const { owner, worker, log } = pciRig();
  for (const guest of [owner, worker]) {
    const found = [];
    for (let slot = 0; slot < 32; slot++) {
      for (let fn = 0; fn < 8; fn++) {
        const byMemory = guest.load(guest.ecam(slot) + fn * 0x1000, 4);
        guest.ports.write(PORT.PCI_CONFIG_ADDRESS, 4, 0x8000_0000 + slot * 0x800 + fn * 0x100);
        assertEquals(guest.ports.read(PORT.PCI_CONFIG_DATA, 4), byMemory);
        if (byMemory !== 0xffff_ffff) found.push([slot, fn, byMemory]);
      }
    }
    assertEquals(found, [[0, 0, 0x0d57_8086], [CARD_SLOT, 0, 0x1042_1af4]]);
    assertEquals(guest.config(0, 0x08), 0x0600_0000, "a host bridge");
    assertEquals(guest.config(0, 0x0e, 1), 0, "a single function with a type 0 header");
  }
  assertEquals(log, []);
});

Deno.test("pci config: nothing is behind other buses or a disabled address register", () => {
  const { owner } = pciRig();
  const address = (value: number) => owner.ports.write(PORT.PCI_CONFIG_ADDRESS, 4, value);
  address(0x8001_0000);
  assertEquals(owner.ports.read(PORT.PCI_CONFIG_DATA, 4), 0xffff_ffff);
  address(0x0000_0000);
  assertEquals(owner.ports.read(PORT.PCI_CONFIG_DATA, 2), 0xffff);
  owner.ports.write(PORT.PCI_CONFIG_DATA, 4, 0); // to nowhere
  address(0x8000_0000);
  assertEquals(owner.ports.read(PORT.PCI_CONFIG_DATA, 4), 0x0d57_8086);
});

Deno.test("pci config: only 4 bytes at 0xcf8 are the address register; the reset register is between", () => {
  const { owner, worker } = pciRig();
  // Linux' test for mechanism #1 (arch/x86/pci/direct.c).
  owner.ports.write(0xcfb, 1, 1);
  assertEquals(owner.ports.read(0xcf8, 4), 0);
  owner.ports.write(0xcf8, 4, 0xffff_ffff);
  assertEquals(worker.ports.read(0xcf8, 4), 0x80ff_fffc, "reserved bits; the same in every isolate");
  const { log } = owner.reset.device as Recorder;
  assertEquals(log, []);
  owner.ports.write(0xcf9, 1, 6);
  owner.ports.write(0xcf8, 2, 0x0500);
  owner.ports.write(0xcf9, 2, 0x0004);
  owner.ports.read(0xcf8, 1);
  assertEquals(log, ["w1 0 6", "w1 0 5", "w1 0 4"]);
  assertEquals(owner.ports.read(0xcf8, 4), 0x80ff_fffc);
});

Deno.test("pci config: any part of a register can be read, by either way", () => {
  const { owner } = pciRig();
  const identity = [0xf4, 0x1a, 0x42, 0x10];
  identity.forEach((byte, at) => {
    assertEquals(owner.config(CARD_SLOT, at, 1), byte);
    assertEquals(owner.load(owner.ecam(CARD_SLOT, at), 1), byte);
  });
  assertEquals([owner.config(CARD_SLOT, 2, 2), owner.load(owner.ecam(CARD_SLOT, 2), 2)], [0x1042, 0x1042]);
  assertEquals(owner.load(owner.ecam(CARD_SLOT, 1), 2), 0x421a, "misaligned");
  assertEquals(owner.load(owner.ecam(CARD_SLOT, 0xfd), 4), 0, "across the end of conventional space");
  assertEquals(owner.load(owner.ecam(CARD_SLOT, 0x100), 4), 0, "no extended capabilities");
  assertEquals(owner.load(owner.ecam(CARD_SLOT, 0xfff), 2), 0xff00, "across the end of the function");
});

Deno.test("pci config: the header says what was declared, and its identity stays", () => {
  const { owner } = pciRig();
  for (let register = 0; register < 0x40; register += 4) {
    if (register < 0x10 || register >= 0x28) owner.setConfig(CARD_SLOT, register, 4, 0xffff_ffff);
  }
  assertEquals(
    Array.from({ length: 4 }, (_, word) => owner.config(CARD_SLOT, 4 * word)),
    [0x1042_1af4, 0x0010_0546, 0x0180_0001, 0x0000_00ff],
    "command: memory, bus master, parity, SERR, INTx disable; status: capabilities",
  );
  assertEquals(owner.config(CARD_SLOT, 0x2c), 0x1100_1af4);
  assertEquals(owner.config(CARD_SLOT, 0x30), 0, "no expansion ROM");
  assertEquals(owner.config(CARD_SLOT, 0x3c), 0x0000_01ff, "INTA#, and the line as written");
  assertEquals(owner.config(0, 0x3c), 0, "the host bridge has no pin");
});

Deno.test("pci config: the capabilities list leads from one to the next, and what is writable sticks", () => {
  const { owner, cards } = pciRig();
  const found: [number, number][] = [];
  let at = owner.config(CARD_SLOT, 0x34, 1);
  while (at !== 0) {
    found.push([at, owner.config(CARD_SLOT, at, 1)]);
    at = owner.config(CARD_SLOT, at + 1, 1);
  }
  assertEquals(found, [[0x40, 0x11], [0x4c, 0x09], [0x54, 0x09]]);
  assertEquals(cards[0]!.capabilities, [0x4c, 0x54]);
  assertEquals(owner.config(CARD_SLOT, 0x42, 2), 39, "MSI-X: vectors less one");
  assertEquals([owner.config(CARD_SLOT, 0x44), owner.config(CARD_SLOT, 0x48)], [0x800, 0xc00]);
  for (const register of [0x40, 0x44, 0x48, 0x4c, 0x50, 0x54, 0x58, 0x5c]) {
    owner.setConfig(CARD_SLOT, register, 4, 0xffff_ffff);
  }
  assertEquals(owner.config(CARD_SLOT, 0x40), 0xc027_4c11);
  assertEquals(owner.config(CARD_SLOT, 0x4c), 0x0105_5409);
  assertEquals([owner.config(CARD_SLOT, 0x54), owner.config(CARD_SLOT, 0x58)], [0xf309_0009, 0x0706_05ff]);
});

Deno.test("pci config: a device can answer in configuration space itself", () => {
  const { owner, cards } = pciRig();
  cards[0]!.serveConfig(0x54 + 5, 4, owner.registers); // at an odd place, to see that it takes whole accesses only
  owner.setConfig(CARD_SLOT, 0x59, 1, 0x12);
  assertEquals(owner.config(CARD_SLOT, 0x5a, 2), 0x1211);
  assertEquals(owner.config(CARD_SLOT, 0x58), 0x0706_0504, "wider: the bytes");
  assertEquals(owner.registers.take(), ["w1 0 12", "r2 1"]);
});

Deno.test("pci config: a declaration that contradicts itself is refused", () => {
  const { owner } = pciRig();
  const refused = (change: Partial<typeof CARD>, message: string) =>
    assertThrows(() => owner.root.attach(9, { ...CARD, ...change }), RangeError, message);
  const bar = (index: number, size: number, wide = false) => ({ index, size, wide });
  refused({ bars: [bar(0, 5000)] }, "no power of two");
  refused({ bars: [bar(0, 8)] }, "no power of two");
  refused({ bars: [bar(0, 2 ** 32)] }, "no power of two");
  refused({ bars: [bar(0, 4096, true), bar(1, 4096)] }, "taken");
  refused({ bars: [bar(5, 4096, true)] }, "not there");
  refused({ msix: { ...CARD.msix!, vectors: 129 } }, "1 to 128");
  refused({ msix: { ...CARD.msix!, tableOffset: 0xf00 } }, "outside BAR 0");
  refused({ msix: { ...CARD.msix!, bar: 1 } }, "outside BAR 1");
  refused({ msix: { ...CARD.msix!, pendingOffset: 0x808 } }, "overlaps");
  refused({ capabilities: [{ id: 9, body: new Uint8Array(200) }] }, "capabilities");
  assertThrows(() => owner.root.attach(CARD_SLOT, CARD), RangeError, "slot 3");
  assertThrows(() => owner.root.attach(32, CARD), RangeError, "slot 32");
  const card = owner.root.attach(9, CARD);
  assertThrows(() => card.serve(0, 0xffc, 8, owner.registers), RangeError, "BAR 0");
  assertThrows(() => card.serve(0, 0x7fc, 8, owner.registers), RangeError, "BAR 0");
  assertThrows(() => card.serve(1, 0, 8, owner.registers), RangeError, "BAR 1");
});
