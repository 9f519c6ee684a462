import { assert, assertEquals } from "@std/assert";
import { CARD, CARD_BAR, CARD_SLOT, type Isolate, ON, pciRig } from "./rig.ts";

const SLOT = 6, EJECT = 8;
const COMMAND = 0x04, CONTROL = 0x42, BAR0 = 0x10;

/** A register of the hot-plug block, as the DSDT's methods use it. */
const up = (guest: Isolate) => guest.ports.read(guest.hotPlugBase, 4);
const down = (guest: Isolate) => guest.ports.read(guest.hotPlugBase + 4, 4);

function rig() {
  const made = pciRig();
  const insert = () => [made.owner, made.worker].map((isolate) => isolate.insertCard(SLOT));
  return { ...made, insert };
}

Deno.test("pci hot-plug: a function appears when it is plugged, not before, and the guest is told once", () => {
  const { owner, worker, insert, take } = rig();
  assert(owner.pci.locked((root) => root.plug(SLOT)) === false, "there is nothing");
  insert();
  assertEquals([owner.config(SLOT, 0), take()], [0xffff_ffff, []]);
  assert(owner.pci.locked((root) => root.plug(SLOT)));
  assert(owner.pci.locked((root) => root.plug(SLOT)) === false, "it is there already");
  assertEquals(take(), ["gpe"]);
  assertEquals([up(worker), down(worker), worker.config(SLOT, 0)], [1 << SLOT, 0, 0x1042_1af4]);
  worker.ports.write(worker.hotPlugBase, 4, 1 << SLOT);
  assertEquals(up(owner), 0);
  assertEquals(owner.bar(SLOT, 0), 0, "the guest places it");
  owner.setConfig(SLOT, BAR0, 4, 0xea00_0000);
  owner.setConfig(SLOT, COMMAND, 2, ON.MEMORY);
  assertEquals(worker.load(0xea00_0000 + CARD_BAR.REGISTERS, 1), 0x10);
  assertEquals(take(), ["bar 6.0 0xea000000"]);
});

Deno.test("pci hot-plug: a guest that is asked lets go, and all that the function had is gone", () => {
  const { owner, worker, cards, take } = rig();
  owner.setConfig(CARD_SLOT, COMMAND, 2, ON.MEMORY | ON.BUS_MASTER);
  cards[0]!.setIntx(true);
  const place = owner.bar(CARD_SLOT, 0) + CARD_BAR.REGISTERS;
  assertEquals(worker.load(place, 1), 0x10);
  take();
  assert(owner.pci.locked((root) => root.requestUnplug(CARD_SLOT)));
  assertEquals([take(), down(worker), up(worker)], [["gpe"], 1 << CARD_SLOT, 0]);
  assert(!owner.root.detach(CARD_SLOT), "the guest still has it");
  worker.ports.write(worker.hotPlugBase + EJECT, 4, 1 << CARD_SLOT);
  assertEquals(take(), ["line 19 0", "bar 3.0 gone", "bar 3.2 gone", "ejected 3"]);
  assertEquals([down(worker), owner.config(CARD_SLOT, 0)], [0, 0xffff_ffff]);
  assertEquals([owner.load(place, 4), worker.load(place, 4)], [0xffff_ffff, 0xffff_ffff]);
  assertEquals(owner.pci.locked((root) => root.requestUnplug(CARD_SLOT)), false);
});

Deno.test("pci hot-plug: an ejected function's device can no longer interrupt", () => {
  const { owner, cards, take } = rig();
  const card = cards[1]!;
  owner.setConfig(CARD_SLOT, COMMAND, 2, ON.MEMORY | ON.BUS_MASTER);
  owner.setConfig(CARD_SLOT, CONTROL, 2, 0x8000);
  owner.ports.write(owner.hotPlugBase + EJECT, 4, 1 << CARD_SLOT);
  take();
  assertEquals(card.msix!.raise(0), false);
  card.setIntx(true);
  assertEquals(take(), []);
});

Deno.test("pci hot-plug: a slot takes one function after another, in power-on state", () => {
  const { owner, worker, insert, take } = rig();
  for (let round = 0; round < 3; round++) {
    insert();
    owner.pci.locked((root) => root.plug(SLOT));
    assertEquals([owner.config(SLOT, BAR0), owner.config(SLOT, COMMAND, 2)], [0, 0]);
    owner.setConfig(SLOT, BAR0, 4, 0xea00_0000);
    owner.setConfig(SLOT, COMMAND, 2, ON.MEMORY);
    const control = 0xea00_0000 + CARD_BAR.TABLE + 12;
    assertEquals(worker.load(control, 4), 1, "masked again");
    worker.store(control, 4, 0);
    worker.ports.write(worker.hotPlugBase + EJECT, 4, 1 << SLOT);
    assertEquals(take(), ["gpe", "bar 6.0 0xea000000", "bar 6.0 gone", "ejected 6"]);
    assert(owner.root.detach(SLOT) && worker.root.detach(SLOT));
  }
});

Deno.test("pci hot-plug: ejecting what is not there, or the host bridge, does nothing; parts of registers work", () => {
  const { owner, take } = rig();
  owner.ports.write(owner.hotPlugBase + EJECT, 4, ~(1 << CARD_SLOT) >>> 0);
  assertEquals([take(), owner.config(0, 0)], [[], 0x0d57_8086]);
  assertEquals(owner.pci.locked((root) => root.requestUnplug(0)), false);
  assertEquals(owner.pci.locked((root) => root.requestUnplug(31)), false);
  owner.pci.locked((root) => root.requestUnplug(CARD_SLOT));
  assertEquals(owner.ports.read(owner.hotPlugBase + 4, 1), 1 << CARD_SLOT);
  assertEquals(owner.ports.read(owner.hotPlugBase + 5, 1), 0);
  assertEquals(owner.ports.read(owner.hotPlugBase + EJECT, 4), 0);
  owner.ports.write(owner.hotPlugBase + EJECT, 1, 1 << CARD_SLOT);
  assertEquals(take(), ["gpe", "ejected 3"]);
});

Deno.test("pci hot-plug: acknowledging one slot's news keeps those of the others", () => {
  const { owner, worker, insert, take } = rig();
  insert();
  owner.root.attach(30, CARD);
  for (const slot of [SLOT, 30]) owner.pci.locked((root) => root.plug(slot));
  owner.pci.locked((root) => root.requestUnplug(SLOT));
  assertEquals([up(worker), down(worker)], [0x4000_0040, 0x40]);
  owner.ports.write(owner.hotPlugBase, 4, 0x40);
  assertEquals([up(worker), down(worker)], [0x4000_0000, 0x40]);
  owner.ports.write(owner.hotPlugBase + 4, 4, 0x4000_0000);
  assertEquals([up(worker), down(worker), take()], [0x4000_0000, 0x40, ["gpe", "gpe", "gpe"]]);
});
