/** A guest that does anything at all to the PCI bus. */
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { GPA, PORT } from "../../../src/board/addresses.ts";
import { composeConfig } from "../../../src/pci/config_image.ts";
import { HOST_BRIDGE } from "../../../src/pci/host_bridge.ts";
import { SLOTS } from "../../../src/pci/registers.ts";
import { PciRootState, PciSlotState } from "../../../src/pci/state.ts";
import { CARD, CARD_BAR, CARD_SLOT, type Isolate, ON, pciRig } from "./rig.ts";

const width = fc.constantFrom(1, 2, 4);
const value = fc.oneof(
  fc.constantFrom(0, 1, 0xffff_ffff, 0xe010_0000, 0xe010_0004, 0xfebf_f000, 6, 0x8000_c000),
  fc.integer({ min: 0, max: 0xffff_ffff }),
);
/** Registers that do something more often than others. */
const register = fc.oneof(
  fc.constantFrom(4, 0x10, 0x18, 0x1c, 0x40, 0x42, 0x54),
  fc.integer({ min: 0, max: 0xfff }),
);
const slot = fc.oneof(fc.constantFrom(0, CARD_SLOT, 4), fc.integer({ min: 0, max: 31 }));
const cardOffset = fc.oneof(
  fc.integer({ min: CARD_BAR.TABLE, max: CARD_BAR.TABLE + 64 }),
  fc.integer({ min: CARD_BAR.PENDING - 2, max: CARD_BAR.PENDING + 8 }),
  fc.integer({ min: 0, max: 0x1_ffff }),
);

type Step = { readonly text: string; run(guest: Isolate, rig: ReturnType<typeof pciRig>): number };
const step = (text: string, run: Step["run"]): Step => ({ text, run });

/** Anything that a guest or its devices can do. */
const steps = fc.array(
  fc.tuple(fc.nat({ max: 9 }), width, value, register, slot, cardOffset).map(
    ([kind, w, v, r, s, o]): Step => {
      const masked = w === 4 ? v : v & (2 ** (8 * w) - 1);
      const hex = `${w} at 0x${r.toString(16)} of ${s} or 0x${o.toString(16)}: 0x${masked.toString(16)}`;
      switch (kind) {
        case 0:
          return step(`ports ${hex}`, (g) => (g.setConfig(s, r & 0xff, w, masked), 0));
        case 1:
          return step(`read ports ${hex}`, (g) => g.config(s, r & 0xff, w));
        case 2:
          return step(`ecam ${hex}`, (g) => (g.store(g.ecam(s, r), w, masked), 0));
        case 3:
          return step(`read ecam ${hex}`, (g) => g.load(g.ecam(s, r), w));
        case 4:
          return step(`bar ${hex}`, (g) => (g.store(g.bar(CARD_SLOT, o < 4096 ? 0 : 2) + o, w, masked), 0));
        case 5:
          return step(`read bar ${hex}`, (g) => g.load(g.bar(CARD_SLOT, o < 4096 ? 0 : 2) + o, w));
        case 6:
          return step(`port ${hex}`, (g) => (g.ports.write(PORT.PCI_CONFIG_ADDRESS + (r & 7), w, masked), 0));
        case 7:
          return step(`window ${hex}`, (g) => {
            const base = o & 1 ? GPA.PCI_WINDOW32 : GPA.PCI_WINDOW64;
            g.store(base + o, w, masked);
            return g.load(base + (v & 0x0fff_ffff), w);
          });
        case 8:
          return step(`raise ${hex}`, (_g, { cards }) => {
            const card = cards[o & 1]!;
            if (!card.msix!.raise(r & 63)) card.setIntx((v & 1) !== 0);
            return 0;
          });
        default:
          return step(`hot-plug ${hex}`, (g) => {
            // Ejection ends most of what is worth testing: seldom.
            const port = g.hotPlugBase + (r % 12 >= 8 && (v & 15) !== 7 ? 0 : r % 12);
            g.ports.write(port, w, masked);
            return g.ports.read(port, w);
          });
      }
    },
  ),
  { minLength: 1, maxLength: 120 },
);

/** What of a slot's configuration space no guest may change, byte by byte. */
function readOnly(bytes: Uint8Array, writable: Uint8Array): number[] {
  // Interrupt status is the device's.
  return Array.from(bytes, (byte, at) => byte & ~writable[at]! & (at === 6 ? ~8 : 0xff));
}

const card = composeConfig(CARD, 19), bridge = composeConfig(HOST_BRIDGE, 16);
const slotBytes = (saved: Uint8Array, index: number) => {
  const at = PCI_AT + PciRootState.offset("slots") + index * PciSlotState.size;
  return saved.subarray(at, at + PciSlotState.size);
};
/** Where the rig's arena puts the bus: behind the interrupt lines' sources. */
const PCI_AT = 96;

Deno.test("pci fuzz: nothing throws, read-only bits stay, other slots stay, two isolates are one", () => {
  fc.assert(
    fc.property(steps, (list) => {
      const alone = pciRig(), both = pciRig();
      for (const { owner } of [alone, both]) { // on, until a step turns it off: else little would happen
        owner.setConfig(CARD_SLOT, 0x04, 2, ON.MEMORY | ON.BUS_MASTER);
        owner.setConfig(CARD_SLOT, 0x42, 2, 0x8000);
      }
      const before: Uint8Array = alone.saved.slice(), after: Uint8Array = alone.saved;
      list.forEach((one, index) => {
        const first = one.run(alone.owner, alone);
        const second = one.run([both.owner, both.worker][index & 1]!, both);
        assertEquals(first, second, `${one.text}: two isolates answer as one does`);
      });
      assertEquals(alone.log.filter((line) => line.includes("broken")), []);
      assertEquals(both.saved, alone.saved, "state");
      assertEquals(both.log, alone.log, "what the host was told");
      const end = PCI_AT + PciRootState.size;
      assertEquals(after.subarray(end), before.subarray(end), "behind the bus");
      const configAt = PciSlotState.offset("config");
      for (let index = 0; index < SLOTS; index++) {
        const bytes = slotBytes(after, index), was = slotBytes(before, index);
        const image = index === 0 ? bridge : index === CARD_SLOT ? card : undefined;
        if (image === undefined) {
          assertEquals(bytes, was, `slot ${index} is empty`);
          continue;
        }
        const config = bytes.subarray(configAt, configAt + 256);
        assertEquals(
          readOnly(config, image.writable),
          readOnly(image.initial, image.writable),
          `slot ${index}`,
        );
      }
    }),
    { numRuns: 300 },
  );
});
