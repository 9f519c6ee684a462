import { assert, assertEquals, assertThrows } from "@std/assert";
import { readKernel } from "../../../src/boot/detect.ts";
import { memoryImage } from "../../../src/boot/image_file.ts";
import { pvhElf } from "../../../src/guests/elf.ts";
import { embeddedGuest } from "../../../src/guests/embedded_guest.ts";
import { AT, SELECTOR, VECTOR } from "../../../src/guests/embedded/layout.ts";
import { GuestProgram } from "../../../src/guests/embedded/program.ts";
import { interrupts, pageTables, segments } from "../../../src/guests/embedded/tables.ts";

/** Assembles one room and gives a view of it, indexed by address. */
function assembled(...rooms: readonly ((a: GuestProgram) => void)[]) {
  const a = new GuestProgram();
  a.bits = 64;
  for (const room of rooms) room(a);
  const bytes = a.finish();
  const view = new DataView(bytes.buffer);
  return {
    at: (label: string) => a.addressOf(label),
    u16: (address: number) => view.getUint16(address - AT.IMAGE, true),
    u64: (address: number) => view.getBigUint64(address - AT.IMAGE, true),
  };
}

Deno.test("guests: our own loader takes the embedded guest as a PVH kernel", () => {
  const { info } = readKernel(memoryImage("the embedded guest", embeddedGuest()), "auto");
  assertEquals(info.protocol, "pvh");
  assertEquals(info.minimumMemory, AT.END);
});

Deno.test("guests: the embedded guest is small, and the same each time", () => {
  const image = embeddedGuest();
  assert(image.length < AT.IMAGE_END - AT.IMAGE + 0x100, `${image.length} bytes`);
  assertEquals(image, embeddedGuest());
});

Deno.test("guests: an ELF has one segment and a PVH note where its headers say", () => {
  const bytes = Uint8Array.of(1, 2, 3);
  const elf = pvhElf({ bytes, address: 0x20_0000, memorySize: 0x1000, entry: 0x20_0001 });
  const view = new DataView(elf.buffer);
  const word = (at: number) => Number(view.getBigUint64(at, true));
  assertEquals(word(24), 0x20_0001, "e_entry");
  const [load, note] = [word(32), word(32) + view.getUint16(54, true)];
  assertEquals([view.getUint32(load, true), word(load + 24), word(load + 32), word(load + 40)], [
    1,
    0x20_0000,
    3,
    0x1000,
  ]);
  assertEquals([...elf.subarray(word(load + 8), word(load + 8) + word(load + 32))], [1, 2, 3]);
  assertEquals(view.getUint32(note, true), 4);
  const at = word(note + 8);
  assertEquals([0, 4, 8].map((offset) => view.getUint32(at + offset, true)), [4, 8, 18]);
  assertEquals(new TextDecoder().decode(elf.subarray(at + 12, at + 16)), "Xen\0");
  assertEquals(word(at + 16), 0x20_0001);
  assertThrows(
    () => pvhElf({ bytes, address: 0x20_0001, memorySize: 3, entry: 0 }),
    Error,
    "multiple of 256",
  );
  assertThrows(() => pvhElf({ bytes, address: 0x20_0000, memorySize: 2, entry: 0 }), Error, "do not fit");
});

Deno.test("guests: page tables map the first 4 GiB to themselves", () => {
  const { at, u64 } = assembled(pageTables);
  const address = 0x000f_ffff_ffff_f000n;
  for (const gpa of [0, 0x10_0000, 0x7fff_ffff, 0x8000_0000, 0xfee0_0300, 0xffff_ffff]) {
    const index = (shift: number) => Math.floor(gpa / 2 ** shift) % 512;
    const pdpt = u64(at("pml4") + 8 * index(39));
    const directory = u64(Number(pdpt & address) + 8 * index(30));
    const page = u64(Number(directory & address) + 8 * index(21));
    for (const entry of [pdpt, directory, page]) assertEquals(entry & 7n, 7n, "present, writable, user");
    assertEquals(page & 0x80n, 0x80n, "a large page");
    assertEquals(Number(page & address) + gpa % 2 ** 21, gpa);
  }
});

Deno.test("guests: selectors name the descriptors they mean", () => {
  const { at, u16, u64 } = assembled(segments);
  const access = (selector: number) => Number(u64(at("gdt") + (selector & ~7)) >> 40n & 0xffn);
  assertEquals(access(SELECTOR.KERNEL_CODE), 0x9b);
  assertEquals(access(SELECTOR.KERNEL_DATA), 0x93);
  assertEquals(access(SELECTOR.USER_CODE), 0xfb);
  assertEquals(access(SELECTOR.USER_DATA), 0xf3);
  assertEquals(access(SELECTOR.TSS), 0x89);
  const tss = u64(at("gdt") + SELECTOR.TSS);
  assertEquals(Number((tss >> 16n & 0xff_ffffn) | (tss >> 56n << 24n)), at("tss"));
  assertEquals(u64(at("tss") + 4), BigInt(AT.INTERRUPT_STACK));
  assertEquals(u16(at("gdt.pointer")), at("gdt.end") - at("gdt") - 1);
  assertEquals(u64(at("gdt.pointer") + 2), BigInt(at("gdt")));
});

Deno.test("guests: the IDT has a gate for each handler, and user mode may use the breakpoint's alone", () => {
  const handlers = [0, VECTOR.BREAKPOINT, VECTOR.TIMER];
  const { at, u16, u64 } = assembled((a) => {
    for (const vector of handlers) {
      a.bind(`trap.${vector}`);
      a.iretq();
    }
  }, interrupts);
  for (let vector = 0; vector < VECTOR.COUNT; vector++) {
    const gate = u64(at("idt") + 16 * vector);
    const type = Number(gate >> 40n & 0xffn);
    if (!handlers.includes(vector)) {
      assertEquals(type, 0, `vector ${vector} is absent`);
      continue;
    }
    assertEquals(type, vector === VECTOR.BREAKPOINT ? 0xee : 0x8e);
    assertEquals(Number((gate & 0xffffn) | (gate >> 48n << 16n)), at(`trap.${vector}`));
    assertEquals(Number(gate >> 16n & 0xffffn), SELECTOR.KERNEL_CODE);
  }
  assertEquals(u16(at("idt.pointer")), 16 * VECTOR.COUNT - 1);
});

Deno.test("guests: equal texts are kept once, with carriage returns", () => {
  const a = new GuestProgram();
  a.bits = 64;
  a.loadText("one\n");
  a.loadText("one\n");
  a.loadText("two");
  const code = a.length;
  a.texts();
  assertEquals(new TextDecoder().decode(a.finish().subarray(code)), "one\r\ntwo");
});
