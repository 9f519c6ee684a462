import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { inspectKernel, loadKernel, type LoadOptions } from "../../../src/boot/load.ts";
import { multiboot_info, multiboot_mmap_entry, multiboot_module } from "../../../src/boot/multiboot.ts";
import { UserError } from "../../../src/errors.ts";
import { type PlainRam, plainRam } from "../../support/plain_ram.ts";
import { elf, image, joined, MIB, multibootHeader, pattern } from "./images.ts";

const CODE = pattern(300, 5);
const elfKernel = (bits: 32 | 64 = 32, flags = 3) =>
  elf({ bits, segments: [{ data: joined(multibootHeader(flags), CODE) }] });

const load = (bytes: Uint8Array, rest: Partial<LoadOptions> = {}, ram = plainRam(16 * MIB)) => {
  const entry = loadKernel(ram, { kernel: image(bytes), cmdline: "", acpiRsdp: 0, ...rest });
  assert(ram.intact);
  const bytesAt = ram.view(entry.registers.rbx!, multiboot_info.size);
  return { ram, entry, info: multiboot_info.at(bytesAt.buffer, bytesAt.byteOffset) };
};

const refuses = (bytes: Uint8Array, word: string, rest: Partial<LoadOptions> = {}) =>
  assertStringIncludes(assertThrows(() => load(bytes, rest), UserError).message, word);

const text = (ram: PlainRam, gpa: number) => {
  const bytes = ram.view(gpa, 4096);
  return new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0)));
};

Deno.test("multiboot: layouts have the specification's offsets", () => {
  assertEquals(multiboot_info.offset("mmap_length"), 44);
  assertEquals(multiboot_info.offset("boot_loader_name"), 64);
  assertEquals(multiboot_info.offset("framebuffer_addr"), 88);
  assertEquals([multiboot_module.size, multiboot_mmap_entry.size], [16, 24]);
});

Deno.test("multiboot: ELF kernels start in protected mode with the magic and the information", () => {
  for (const bits of [32, 64] as const) {
    const { ram, entry, info } = load(elfKernel(bits), { cmdline: "one two" });
    assertEquals([entry.protocol, entry.mode, entry.rip], ["multiboot", "protected", MIB]);
    assertEquals(entry.registers.rax, 0x2badb002);
    assertEquals(ram.view(MIB + 12, CODE.length), CODE);
    assertEquals([info.mem_lower, info.mem_upper], [639, 15 * 1024]);
    assertEquals(text(ram, info.cmdline), "one two");
    assertEquals(text(ram, info.boot_loader_name), "Denovisor");
  }
});

Deno.test("multiboot: modules follow the kernel, page-aligned, the initrd first", () => {
  const initrd = pattern(5000, 1), module = pattern(100, 2);
  const { ram, info } = load(elfKernel(), {
    initrd: image(initrd),
    modules: [{ file: image(module), cmdline: "mod x" }],
  });
  assertEquals(info.mods_count, 2);
  const [first, second] = [0, 1].map((index) => {
    const bytes = ram.view(info.mods_addr + index * 16, 16);
    return multiboot_module.at(bytes.buffer, bytes.byteOffset);
  });
  assertEquals([first!.mod_start, first!.mod_end], [MIB + 4096, MIB + 4096 + 5000]);
  assertEquals(second!.mod_start, MIB + 3 * 4096);
  assertEquals(text(ram, second!.cmdline), "mod x");
  assertEquals(ram.view(first!.mod_start, 5000), initrd);
  assertEquals(ram.view(second!.mod_start, 100), module);
});

Deno.test("multiboot: the memory map is the board's", () => {
  const { ram, info } = load(elfKernel());
  const map = Array.from({ length: info.mmap_length / 24 }, (_, index) => {
    const bytes = ram.view(info.mmap_addr + index * 24, 24);
    const entry = multiboot_mmap_entry.at(bytes.buffer, bytes.byteOffset);
    return [entry.size, entry.addr_num, entry.len_num, entry.type];
  });
  assert(map.some((entry) => entry.join() === [20, MIB, 15 * MIB, 1].join()));
  assert(map.every(([size]) => size === 20));
});

Deno.test("multiboot: load addresses in the header count, for any file", () => {
  const addresses = {
    header: MIB + 16,
    load: MIB + 8,
    loadEnd: MIB + 100,
    bssEnd: MIB + 200,
    entry: MIB + 48,
  };
  // 8 bytes of something, load_addr's first byte, 8 more, then the header.
  const bytes = joined(pattern(16), multibootHeader(0, addresses), pattern(300));
  const ram = plainRam(16 * MIB);
  ram.view(MIB, 4096).fill(0xff);
  const { entry } = load(bytes, {}, ram);
  assertEquals(entry.rip, MIB + 48);
  assertEquals(ram.view(MIB + 8, 92), bytes.subarray(8, 100));
  assertEquals(ram.view(MIB + 100, 100), new Uint8Array(100));
  assertEquals(ram.view(MIB + 200, 1)[0], 0xff);
  const all = load(
    joined(multibootHeader(0, { ...addresses, header: MIB + 8, loadEnd: 0, bssEnd: 0 }), pattern(300)),
  );
  assertEquals(all.ram.view(MIB + 8 + 32, 300), pattern(300));
});

Deno.test("multiboot: headers that contradict themselves are refused", () => {
  const good = { header: MIB, load: MIB, loadEnd: MIB + 100, bssEnd: MIB + 200, entry: MIB + 48 };
  const kernel = (change: Partial<typeof good>) =>
    joined(multibootHeader(0, { ...good, ...change }), pattern(300));
  load(kernel({}));
  refuses(kernel({ header: MIB - 1 }), "load_addr");
  refuses(kernel({ header: MIB + 16 }), "load_addr");
  refuses(kernel({ loadEnd: MIB }), "load_end_addr");
  refuses(kernel({ loadEnd: 0xffff_ffff, bssEnd: 0 }), "truncated");
  refuses(kernel({ bssEnd: MIB + 1 }), "bss_end_addr");
  refuses(kernel({ bssEnd: 0xffff_ffff }), "outside of the guest's memory");
  refuses(kernel({ entry: MIB + 200 }), "entry_addr");
  refuses(kernel({ entry: 0 }), "entry_addr");
});

Deno.test("multiboot: unknown demands, a wrong checksum and a missing address are refused", () => {
  refuses(elfKernel(32, 1 << 5), "unknown multiboot features");
  const wrong = multibootHeader(0);
  wrong[8] = wrong[8]! ^ 1;
  refuses(joined(wrong, pattern(300)), "no kernel");
  refuses(joined(multibootHeader(0), pattern(300)), "without load addresses");
  load(elfKernel(32, 1 << 2));
});

Deno.test("multiboot: the header is found in the first 8 KiB only, at multiples of 4", () => {
  const addresses = { header: MIB, load: MIB, loadEnd: 0, bssEnd: 0, entry: MIB + 32 };
  const at = (offset: number) => joined(new Uint8Array(offset), multibootHeader(0, addresses), pattern(50));
  load(at(8192 - 32));
  refuses(at(8192), "no kernel");
  refuses(at(2), "no kernel");
  assertEquals(inspectKernel(image(at(0))).description, "flat image with a multiboot header");
});
