import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { GPA } from "../../../src/board/addresses.ts";
import { inspectKernel, loadKernel, type LoadOptions } from "../../../src/boot/load.ts";
import { hvm_memmap_table_entry, hvm_modlist_entry, hvm_start_info } from "../../../src/boot/pvh.ts";
import { UserError } from "../../../src/errors.ts";
import { type PlainRam, plainRam } from "../../support/plain_ram.ts";
import { elf, image, MIB, noteSegment, pattern } from "./images.ts";

const CODE = pattern(300, 5);
const kernel = (bits: 32 | 64 = 64, entry = MIB + 0x10) =>
  elf({ bits, segments: [{ data: CODE }, noteSegment("Linux", 257, 0), noteSegment("Xen", 18, entry)] });

const load = (bytes: Uint8Array, rest: Partial<LoadOptions> = {}, ram = plainRam(16 * MIB)) => {
  const entry = loadKernel(ram, { kernel: image(bytes), cmdline: "", acpiRsdp: 0xe1230, ...rest });
  assert(ram.intact);
  const bytesAt = ram.view(entry.registers.rbx!, hvm_start_info.size);
  return { ram, entry, info: hvm_start_info.at(bytesAt.buffer, bytesAt.byteOffset) };
};

const text = (ram: PlainRam, gpa: number) => {
  const bytes = ram.view(gpa, 4096);
  return new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0)));
};

Deno.test("pvh: layouts have the ABI's sizes", () => {
  assertEquals([hvm_start_info.size, hvm_modlist_entry.size, hvm_memmap_table_entry.size], [56, 32, 24]);
});

Deno.test("pvh: a note makes auto choose it, for 32- and 64-bit ELF, in 32-bit protected mode", () => {
  for (const bits of [32, 64] as const) {
    const { ram, entry, info } = load(kernel(bits));
    assertEquals(entry.protocol, "pvh");
    assertEquals(entry.mode, "protected");
    assertEquals(entry.rip, MIB + 0x10);
    assertEquals([entry.cr0 & 0x8000_0001, entry.cr4, entry.efer], [1, 0, 0]);
    assertEquals(ram.view(MIB, CODE.length), CODE);
    assertEquals([info.magic, info.version, info.nr_modules], [0x336ec578, 1, 0]);
    assertEquals(info.rsdp_paddr_num, 0xe1230);
  }
});

Deno.test("pvh: memory map, command line, initrd and modules are handed over", () => {
  const initrd = pattern(5000, 1), module = pattern(100, 2);
  // 4 MiB of memory above 4 GiB, too.
  const { ram, info } = load(kernel(), {
    cmdline: "a b",
    initrd: image(initrd),
    modules: [{ file: image(module), cmdline: "mod x" }],
  }, plainRam(20 * MIB, 16 * MIB));
  assertEquals(text(ram, info.cmdline_paddr_num), "a b");
  assertEquals(info.nr_modules, 2);
  const entries = [0, 1].map((index) => {
    const bytes = ram.view(info.modlist_paddr_num + index * 32, 32);
    return hvm_modlist_entry.at(bytes.buffer, bytes.byteOffset);
  });
  assertEquals(entries.map((e) => e.size_num), [5000, 100]);
  assertEquals(entries.map((e) => e.paddr_num % 4096), [0, 0]);
  assertEquals(entries.map((e) => text(ram, e.cmdline_paddr_num)), ["", "mod x"]);
  assertEquals(ram.view(entries[0]!.paddr_num, 5000), initrd);
  assertEquals(ram.view(entries[1]!.paddr_num, 100), module);
  const map = Array.from({ length: info.memmap_entries }, (_, index) => {
    const bytes = ram.view(info.memmap_paddr_num + index * 24, 24);
    const entry = hvm_memmap_table_entry.at(bytes.buffer, bytes.byteOffset);
    return [entry.addr_num, entry.size_num, entry.type];
  });
  assertEquals(map[0], [0, GPA.LOW_MEMORY_END, 1]);
  assertEquals(map.at(-1), [GPA.HOLE_END, 4 * MIB, 1]);
});

Deno.test("pvh: Linux's command line limit holds for Linux only", () => {
  assertEquals(inspectKernel(image(kernel())).cmdlineLimit, 2047);
  const other = elf({ segments: [{ data: CODE }, noteSegment("Xen", 18, MIB)] });
  assertEquals(inspectKernel(image(other)).cmdlineLimit, 65535);
});

Deno.test("pvh: the same file by its 64-bit entry, on request", () => {
  assertEquals(load(kernel(), { protocol: "pvh" }).entry.mode, "protected");
  const ram = plainRam(16 * MIB);
  const entry = loadKernel(ram, { kernel: image(kernel()), cmdline: "", acpiRsdp: 0, protocol: "elf" });
  assertEquals([entry.mode, entry.rip], ["long", MIB]);
});

Deno.test("pvh: a missing note, and an entry in no segment, are refused", () => {
  const none = image(elf({ segments: [{ data: CODE }, noteSegment("GNU", 18, MIB)] }));
  assertStringIncludes(
    assertThrows(() => inspectKernel(none, { protocol: "pvh" }), UserError).message,
    "no PVH entry",
  );
  assertStringIncludes(
    assertThrows(() => inspectKernel(image(kernel(64, 3 * MIB))), UserError).message,
    "PVH entry 0x300000",
  );
});

Deno.test("pvh: more modules than the tables hold, or command lines than their area, are refused", () => {
  const modules = (count: number, cmdline: string) =>
    Array.from({ length: count }, () => ({ file: image(pattern(1)), cmdline }));
  load(kernel(), { modules: modules(200, "") });
  const many = assertThrows(() => load(kernel(), { modules: modules(300, "") }), UserError);
  assertStringIncludes(many.message, "more modules");
  const long = assertThrows(() => load(kernel(), { modules: modules(2, "x".repeat(40_000)) }), UserError);
  assertStringIncludes(long.message, "80003 bytes together");
});
