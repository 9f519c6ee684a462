import { assertEquals, assertThrows } from "@std/assert";
import { GPA } from "../../../src/board/addresses.ts";
import { UserError } from "../../../src/errors.ts";
import { pciWindows } from "../../../src/pci/board_windows.ts";
import { CARD, CARD_BAR, CARD_SLOT, type Isolate, ON, pciRig } from "./rig.ts";

const BASE = GPA.PCI_WINDOW32;
const COMMAND = 0x04, BAR0 = 0x10, BAR2 = 0x18, BAR3 = 0x1c;

const enable = (guest: Isolate, bits: number = ON.MEMORY) => guest.setConfig(CARD_SLOT, COMMAND, 2, bits);

Deno.test("pci bars: they have addresses before the guest runs, and answer when it enables them", () => {
  const { owner, worker, take } = pciRig();
  const addresses = [0, 2].map((index) => owner.bar(CARD_SLOT, index));
  assertEquals(addresses, [0xe010_0000, 0xe011_0000], "the 32-bit one first; each at a multiple of its size");
  assertEquals(owner.config(CARD_SLOT, BAR2) & 0xf, 0xc, "64 bits, prefetchable");
  const at = addresses[0]! + CARD_BAR.REGISTERS;
  assertEquals(owner.load(at, 4), 0xffff_ffff);
  enable(owner);
  assertEquals(take(), ["bar 3.0 0xe0100000", "bar 3.2 0xe0110000"]);
  assertEquals([owner.load(at + 4, 4), worker.load(at + 4, 4)], [0x1716_1514, 0x1716_1514]);
  worker.store(at + 8, 2, 0xabcd);
  assertEquals([owner.registers.take(), worker.registers.take()], [["r4 4"], ["r4 4", "w2 8 abcd"]]);
  enable(worker, 0);
  assertEquals(take(), ["bar 3.0 gone", "bar 3.2 gone"]);
  assertEquals([owner.load(at, 4), worker.load(at, 4)], [0xffff_ffff, 0xffff_ffff]);
});

Deno.test("pci bars: a driver sizes them by writing ones, and leaves them where they were", () => {
  const { owner, take } = pciRig();
  const sized = [0, 1, 2, 3, 4, 5].map((index) => {
    const before = owner.config(CARD_SLOT, BAR0 + 4 * index);
    owner.setConfig(CARD_SLOT, BAR0 + 4 * index, 4, 0xffff_ffff);
    const mask = owner.config(CARD_SLOT, BAR0 + 4 * index);
    owner.setConfig(CARD_SLOT, BAR0 + 4 * index, 4, before);
    assertEquals(owner.config(CARD_SLOT, BAR0 + 4 * index), before);
    return mask;
  });
  assertEquals(sized, [0xffff_f000, 0, 0xffff_000c, 0xffff_ffff, 0, 0]);
  assertEquals(take(), [], "decoding is off: nothing moved");
});

Deno.test("pci bars: they move in all isolates at once, also while they are decoded", () => {
  const { owner, worker, take } = pciRig();
  enable(owner);
  take();
  const old = owner.bar(CARD_SLOT, 0) + CARD_BAR.REGISTERS;
  assertEquals(worker.load(old, 1), 0x10, "the worker has its list");
  owner.setConfig(CARD_SLOT, BAR0, 4, 0xe900_0000);
  assertEquals(take(), ["bar 3.0 0xe9000000"]);
  assertEquals(worker.load(old, 1), 0xff);
  assertEquals(worker.load(0xe900_0000 + CARD_BAR.REGISTERS + 1, 1), 0x11);
  // Byte by byte, as some firmware does; each write that changes the place is told.
  worker.setConfig(CARD_SLOT, BAR0 + 2, 1, 0x10);
  assertEquals(take(), ["bar 3.0 0xe9100000"]);
  assertEquals(owner.load(0xe910_0000 + CARD_BAR.REGISTERS, 1), 0x10);
  worker.setConfig(CARD_SLOT, BAR0, 4, 0xe910_0000);
  assertEquals(take(), [], "the same place again");
});

Deno.test("pci bars: a wide one goes above 4 GiB in two writes, and is nowhere between them", () => {
  const { owner, worker, take } = pciRig();
  enable(owner);
  take();
  owner.setConfig(CARD_SLOT, BAR3, 4, 0x44);
  owner.setConfig(CARD_SLOT, BAR2, 4, 0x1000_0000);
  assertEquals(
    take(),
    ["bar 3.2 0x44e0110000", "bar 3.2 0x4410000000"],
    "both halves named a place in the window",
  );
  assertEquals(worker.load(0x44_1000_0000 + 3, 1), 0x1a);
  worker.setConfig(CARD_SLOT, BAR3, 4, 0x80);
  assertEquals(take(), ["bar 3.2 gone"], "outside the window");
  worker.setConfig(CARD_SLOT, BAR3, 4, 0xffff_ffff);
  assertEquals([take(), worker.load(0x44_1000_0000, 1)], [[], 0xff]);
});

Deno.test("pci bars: outside the windows they are nowhere: not over RAM, nor over the board's own", () => {
  const { owner, take } = pciRig();
  enable(owner);
  take();
  for (const address of [0, 0x10_0000, GPA.PCI_ECAM, GPA.IOAPIC, GPA.LOCAL_APIC, BASE - 4096]) {
    owner.setConfig(CARD_SLOT, BAR0, 4, BASE);
    take();
    owner.setConfig(CARD_SLOT, BAR0, 4, address);
    assertEquals(take(), ["bar 3.0 gone"], address.toString(16));
  }
  owner.setConfig(CARD_SLOT, BAR0, 4, GPA.IOAPIC - 4096);
  assertEquals(take(), ["bar 3.0 0xfebff000"], "the window's last page");
  assertEquals(owner.load(GPA.IOAPIC - 4096 + CARD_BAR.REGISTERS, 1), 0x10);
});

Deno.test("pci bars: parts that nobody serves read as zero, holes as ones, and wide accesses become narrower", () => {
  const { owner, log } = pciRig();
  enable(owner);
  const narrow = owner.bar(CARD_SLOT, 0), wide = owner.bar(CARD_SLOT, 2);
  assertEquals([owner.load(narrow, 4), owner.load(narrow + 4092, 4), owner.load(narrow + 4096, 4)], [
    0,
    0,
    0xffff_ffff,
  ]);
  assertEquals(owner.load(narrow + CARD_BAR.REGISTERS - 2, 4), 0x1110_0000, "across a border");
  owner.registers.take();
  assertEquals(owner.load(wide + 4, 4), 0x1e1d_1c1b, "its device takes 2 bytes");
  owner.store(wide + 8, 4, 0x1234_5678);
  assertEquals(owner.wideRegisters.take(), ["r2 4", "r2 6", "w2 8 5678", "w2 10 1234"]);
  owner.store(narrow + CARD_BAR.REGISTERS + CARD_BAR.REGISTERS_SIZE - 2, 4, 0xaabb_ccdd);
  assertEquals(owner.registers.take(), ["w2 62 ccdd"]);
  assertEquals(log.filter((line) => line.includes("broken")), []);
});

Deno.test("pci bars: of two at one place the lower slot's answers, and the other when it has gone", () => {
  const { owner } = pciRig({ empty: true });
  const { msix: _, ...plain } = CARD;
  owner.root.attach(7, plain).serve(0, 0, 4, owner.wideRegisters);
  owner.root.attach(5, plain).serve(0, 0, 4, owner.registers);
  owner.root.powerOn();
  for (const slot of [7, 5]) {
    owner.setConfig(slot, BAR0, 4, 0xe800_0000);
    owner.setConfig(slot, COMMAND, 2, ON.MEMORY);
  }
  assertEquals(owner.load(0xe800_0000, 1), 0x10);
  owner.setConfig(5, COMMAND, 2, 0);
  assertEquals(owner.load(0xe800_0000, 1), 0x17);
  owner.setConfig(7, COMMAND, 2, 0);
  assertEquals(owner.load(0xe800_0000, 1), 0xff);
});

Deno.test("pci bars: large ones go above 4 GiB, where there is such a window, and too much is refused", () => {
  const { owner } = pciRig({ empty: true });
  const { msix: _, ...plain } = CARD;
  const bars = (...sizes: number[]) => ({
    ...plain,
    bars: sizes.map((size, i) => ({ index: 2 * i, size, wide: true })),
  });
  owner.root.attach(1, bars(2 ** 34, 2 ** 14));
  owner.root.attach(2, bars(2 ** 30));
  owner.root.powerOn();
  assertEquals([owner.bar(1, 0), owner.bar(1, 2), owner.bar(2, 0)], [
    GPA.PCI_WINDOW64,
    0xe010_0000,
    GPA.PCI_WINDOW64 + 2 ** 34,
  ]);
  owner.root.attach(3, bars(2 ** 38));
  assertThrows(() => owner.root.powerOn(), UserError, "no room");
});

Deno.test("pci windows: the upper one is there if addresses reach it and RAM does not", () => {
  assertEquals(pciWindows(2 ** 32, 39).window64, { base: 2 ** 38, length: 2 ** 38 });
  assertEquals(pciWindows(2 ** 38, 46).window64?.base, 2 ** 38);
  assertEquals(pciWindows(2 ** 38 + 1, 46).window64, undefined);
  assertEquals(pciWindows(2 ** 32, 36).window64, undefined);
  const { window32 } = pciWindows(2 ** 32, 36);
  assertEquals(window32.base + window32.length, GPA.IOAPIC);
});
