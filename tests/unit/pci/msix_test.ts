import { assert, assertEquals, assertGreater, assertNotEquals } from "@std/assert";
import { PciSlotState } from "../../../src/pci/state.ts";
import { type MsixJob, msixOver, WORD } from "./msix_worker.ts";
import { CARD_BAR, CARD_SLOT, type Isolate, ON, pciRig, VECTORS } from "./rig.ts";

const COMMAND = 0x04, CONTROL = 0x42, ENABLE = 0x8000, FUNCTION_MASK = 0x4000;

/** A rig whose guest has found the tables, with the command register and message control as given. */
function rig(control: number, command: number = ON.MEMORY | ON.BUS_MASTER) {
  const made = pciRig();
  const { owner, worker } = made;
  owner.setConfig(CARD_SLOT, COMMAND, 2, command | ON.MEMORY);
  owner.setConfig(CARD_SLOT, CONTROL, 2, control);
  made.take();
  made.takeVectors();
  const bar = owner.bar(CARD_SLOT, 0);
  const entry = (vector: number, word: number) => bar + CARD_BAR.TABLE + 16 * vector + 4 * word;
  return {
    ...made,
    entry,
    /** Fills in a vector's message, as a driver does. */
    program(guest: Isolate, vector: number, masked: boolean) {
      guest.store(entry(vector, 0), 4, 0xfee0_1000);
      guest.store(entry(vector, 1), 4, 0);
      guest.store(entry(vector, 2), 4, 0x4000 + vector);
      guest.store(entry(vector, 3), 4, masked ? 1 : 0);
    },
    pending: (word: number) => worker.load(bar + CARD_BAR.PENDING + 4 * word, 4),
    raise: (isolate: 0 | 1, vector: number) => made.cards[isolate]!.msix!.raise(vector),
  };
}

Deno.test("pci msix: a vector that one vCPU programs is sent from any isolate", () => {
  const { owner, program, raise, take, log } = rig(ENABLE);
  program(owner, 0, false);
  program(owner, VECTORS - 1, false);
  assert(raise(1, 0) && raise(0, VECTORS - 1) && raise(1, VECTORS), "MSI-X takes them all");
  assertEquals(take(), ["msi 0xfee01000 0x0 0x4000", "msi 0xfee01000 0x0 0x4027"]);
  assertEquals(log, []);
});

Deno.test("pci msix: every vector starts masked, and a masked one waits until it is unmasked", () => {
  const { owner, worker, entry, raise, take, pending, program } = rig(ENABLE);
  assertEquals(worker.load(entry(35, 3), 4), 1);
  raise(0, 35);
  raise(0, 35);
  raise(1, 31);
  assertEquals([take(), pending(0), pending(1)], [[], 0x8000_0000, 1 << 3]);
  program(owner, 35, true);
  assertEquals([take(), pending(1)], [[], 1 << 3]);
  owner.store(entry(35, 3), 4, 0);
  assertEquals([take(), pending(0), pending(1)], [["msi 0xfee01000 0x0 0x4023"], 0x8000_0000, 0]);
  worker.store(entry(31, 3), 1, 0); // its message was never written
  assertEquals([take(), pending(0)], [["msi 0x0 0x0 0x0"], 0]);
});

Deno.test("pci msix: the function mask holds all back, and lets go of what is not masked alone", () => {
  const { owner, raise, take, pending, program } = rig(ENABLE | FUNCTION_MASK);
  program(owner, 1, false);
  program(owner, 2, true);
  raise(0, 1);
  raise(1, 2);
  assertEquals([take(), pending(0)], [[], 0b110]);
  owner.setConfig(CARD_SLOT, CONTROL, 2, ENABLE);
  assertEquals([take(), pending(0)], [["msi 0xfee01000 0x0 0x4001"], 0b100]);
});

Deno.test("pci msix: a function that is no bus master sends nothing until it is one", () => {
  const { owner, cards, raise, take, pending, program } = rig(ENABLE, ON.MEMORY);
  program(owner, 1, false);
  raise(0, 1);
  assertEquals([take(), pending(0), cards[1]!.busMaster], [[], 0b10, false]);
  owner.setConfig(CARD_SLOT, COMMAND, 2, ON.MEMORY | ON.BUS_MASTER);
  assertEquals([take(), pending(0), cards[1]!.busMaster], [["msi 0xfee01000 0x0 0x4001"], 0, true]);
});

Deno.test("pci msix: without it nothing is sent or noted; a reset forgets what waits", () => {
  const { owner, cards, raise, take, pending } = rig(0);
  assert(!raise(0, 1));
  assertEquals([take(), pending(0)], [[], 0]);
  owner.setConfig(CARD_SLOT, CONTROL, 2, ENABLE);
  raise(0, 1);
  assertEquals(pending(0), 0b10);
  cards[1]!.msix!.clearPending();
  assertEquals(pending(0), 0);
});

Deno.test("pci msix: the table keeps what is writable, in accesses of any width; pending bits are read-only", () => {
  const { owner, worker, entry, pending } = rig(0);
  for (let word = 0; word < 4; word++) owner.store(entry(5, word), 4, 0xffff_ffff);
  assertEquals([0, 1, 2, 3].map((word) => worker.load(entry(5, word), 4)), [
    0xffff_fffc,
    0xffff_ffff,
    0xffff_ffff,
    1,
  ]);
  owner.store(entry(5, 2) + 1, 1, 0x12);
  owner.store(entry(5, 2) + 2, 2, 0x3456);
  assertEquals(worker.load(entry(5, 2), 4), 0x3456_12ff);
  assertEquals(worker.load(entry(4, 3), 4), 1, "its neighbours are untouched");
  owner.store(owner.bar(CARD_SLOT, 0) + CARD_BAR.PENDING, 4, 0xffff_ffff);
  assertEquals(pending(0), 0);
});

Deno.test("pci msix: every change that a route in the kernel must follow is told", () => {
  const { owner, worker, cards, entry, program, takeVectors } = rig(0);
  const msix = cards[0]!.msix!;
  program(owner, 3, false);
  assertEquals(takeVectors(), Array(4).fill([CARD_SLOT, 3]));
  assertEquals(msix.message(3), { addressLow: 0xfee0_1000, addressHigh: 0, data: 0x4003 });
  const all = Array.from({ length: VECTORS }, (_, vector) => [CARD_SLOT, vector]);
  const steps: [number, number, boolean][] = [
    [CONTROL, ENABLE, true],
    [CONTROL, ENABLE | FUNCTION_MASK, false],
    [CONTROL, ENABLE, true],
    [COMMAND, ON.MEMORY, false],
  ];
  for (const [register, value, deliverable] of steps) {
    worker.setConfig(CARD_SLOT, register, 2, value);
    assertEquals([takeVectors(), msix.deliverable(3), msix.deliverable(4)], [all, deliverable, false]);
  }
  owner.store(entry(3, 3) + 2, 4, 0); // an access over two entries
  assertEquals(takeVectors(), [[CARD_SLOT, 3], [CARD_SLOT, 4]]);
  owner.setConfig(CARD_SLOT, 0x0c, 1, 0);
  assertEquals(takeVectors(), [], "other registers do not matter");
});

Deno.test("pci intx: the pin follows the device, unless it is disabled or MSI-X takes its place", () => {
  const { owner, cards, take } = rig(0);
  const status = () => owner.config(CARD_SLOT, 0x06, 2);
  cards[0]!.setIntx(true);
  cards[1]!.setIntx(true);
  assertEquals([take(), status()], [["line 19 1"], 0x18]);
  owner.setConfig(CARD_SLOT, COMMAND, 2, ON.INTX_DISABLE);
  assertEquals([take().filter((line) => line.startsWith("line")), status()], [["line 19 0"], 0x18]);
  owner.setConfig(CARD_SLOT, COMMAND, 2, 0);
  assertEquals(take(), ["line 19 1"]);
  owner.setConfig(CARD_SLOT, CONTROL, 2, ENABLE);
  assertEquals(take(), ["line 19 0"]);
  owner.setConfig(CARD_SLOT, CONTROL, 2, 0);
  assertEquals(take(), ["line 19 1"]);
  owner.setConfig(CARD_SLOT, 0x06, 2, 0xffff);
  assertEquals(status(), 0x18, "the status register is the device's");
  cards[1]!.setIntx(false);
  assertEquals([take(), status()], [["line 19 0"], 0x10]);
});

Deno.test("pci msix: while another thread masks and unmasks, none is lost and none is sent masked", async () => {
  const words = new Int32Array(new SharedArrayBuffer(4 * WORD.COUNT));
  const job: MsixJob = { words, state: new SharedArrayBuffer(PciSlotState.size) };
  const msix = msixOver(job);
  const worker = new Worker(new URL("./msix_worker.ts", import.meta.url), { type: "module" });
  const done = new Promise((resolve) => worker.onmessage = resolve);
  worker.postMessage(job);
  try {
    while (Atomics.load(words, WORD.ROUNDS) === 0) await new Promise((resolve) => setTimeout(resolve, 0));
    for (let i = 0; i < 20_000; i++) {
      const sent = Atomics.load(words, WORD.SENT);
      assert(msix.raise(0));
      // Each raise is a message, at once or with the next unmasking: nothing else is raised meanwhile.
      while (Atomics.load(words, WORD.SENT) === sent) {
        assertNotEquals(Atomics.wait(words, WORD.SENT, sent, 10_000), "timed-out", `interrupt ${i} was lost`);
      }
    }
  } finally {
    Atomics.store(words, WORD.END, 1);
    await done;
    worker.terminate();
  }
  assertEquals([words[WORD.SENT], words[WORD.WRONG]], [20_000, 0]);
  assertGreater(words[WORD.ROUNDS]!, 1);
});
