import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { GPA } from "../../../src/board/addresses.ts";
import { boot_params } from "../../../src/boot/boot_params.ts";
import { inspectKernel, loadKernel, type LoadOptions } from "../../../src/boot/load.ts";
import { UserError } from "../../../src/errors.ts";
import { plainRam } from "../../support/plain_ram.ts";
import { elf, image, MIB, pattern, type TestElf } from "./images.ts";

const CODE = pattern(300, 5);

const load = (options: TestElf, rest: Partial<LoadOptions> = {}, ram = plainRam(16 * MIB)) => {
  const entry = loadKernel(ram, { kernel: image(elf(options)), cmdline: "", acpiRsdp: 0xe0000, ...rest });
  assert(ram.intact);
  return { ram, entry };
};

const refuses = (options: TestElf, ...words: string[]) => {
  const error = assertThrows(() => load(options), UserError);
  for (const word of words) assertStringIncludes(error.message, word);
};

Deno.test("elf: segments lie at their physical addresses, bss zeroed even in dirty memory", () => {
  const ram = plainRam(16 * MIB);
  ram.view(MIB, 3 * MIB).fill(0xff);
  const segments = [{ data: CODE, memsz: 4096 }, { data: pattern(10), paddr: 2 * MIB, memsz: 20 }];
  const { entry } = load({ segments }, {}, ram);
  assertEquals(entry.protocol, "elf");
  assertEquals(entry.mode, "long");
  assertEquals(entry.rip, MIB);
  assertEquals(ram.view(MIB, CODE.length), CODE);
  assertEquals(ram.view(MIB + CODE.length, 4096 - CODE.length), new Uint8Array(4096 - CODE.length));
  assertEquals(ram.view(MIB + 4096, 1)[0], 0xff, "nothing behind the segment is touched");
  assertEquals(ram.view(2 * MIB, 20), new Uint8Array([...pattern(10), ...new Uint8Array(10)]));
});

Deno.test("elf: Linux finds a zero page with a made-up header, and the initrd", () => {
  const initrd = pattern(100);
  const { ram, entry } = load({ segments: [{ data: CODE }] }, { initrd: image(initrd), cmdline: "hi" });
  const bytes = ram.view(GPA.ZERO_PAGE, boot_params.size);
  const page = boot_params.at(bytes.buffer, bytes.byteOffset);
  assertEquals(entry.registers.rsi, GPA.ZERO_PAGE);
  assertEquals(page.hdr.boot_flag, 0xaa55);
  assertEquals(page.hdr.header, 0x53726448);
  assertEquals(page.hdr.type_of_loader, 0xff);
  assertEquals(ram.view(page.hdr.ramdisk_image, page.hdr.ramdisk_size), initrd);
  assertEquals(ram.view(page.hdr.cmd_line_ptr, 3), new TextEncoder().encode("hi\0"));
});

Deno.test("elf: a virtual entry address is looked up in the segments", () => {
  const vaddr = 0xffff_ffff_8010_0000n;
  const { entry } = load({ entry: vaddr + 16n, segments: [{ data: CODE, vaddr }] });
  assertEquals(entry.rip, MIB + 16);
});

Deno.test("elf: a physical entry wins over a segment whose virtual addresses hold it too", () => {
  const segments = [{ data: CODE, paddr: 2 * MIB, vaddr: MIB }, { data: CODE }];
  assertEquals(load({ segments }).entry.rip, MIB);
});

Deno.test("elf: an entry in no segment is refused", () => {
  refuses({ entry: 2 * MIB, segments: [{ data: CODE }] }, "entry address 0x200000");
  const vaddr = 2n ** 63n;
  refuses({ entry: vaddr + BigInt(CODE.length), segments: [{ data: CODE, vaddr }] }, "entry address");
  refuses({ entry: vaddr - 1n, segments: [{ data: CODE, vaddr }] }, "entry address");
  refuses({ entry: 2n ** 64n - 1n, segments: [{ data: CODE }] }, "0xffffffffffffffff");
});

Deno.test("elf: segments that overlap each other or the board's structures are refused, and both are named", () => {
  refuses(
    { segments: [{ data: CODE }, { data: CODE, paddr: MIB + CODE.length - 1 }] },
    "ELF segment 1",
    "overlaps ELF segment 0",
  );
  load({ segments: [{ data: CODE }, { data: CODE, paddr: MIB + CODE.length }] });
  for (
    const [gpa, what] of [
      [GPA.BOOT_GDT, "GDT"],
      [GPA.BOOT_STACK - 300, "stack"],
      [GPA.ZERO_PAGE, "zero page"],
      [GPA.PAGE_TABLES + 6 * 4096 - 1, "page tables"],
      [GPA.COMMAND_LINE, "command line"],
    ] as const
  ) {
    refuses({ segments: [{ data: CODE }, { data: CODE, paddr: gpa }] }, "overlaps", what);
  }
});

Deno.test("elf: segments outside of RAM are refused", () => {
  load({ segments: [{ data: CODE, memsz: 15 * MIB }] });
  refuses({ segments: [{ data: CODE, memsz: 15 * MIB + 1 }] }, "has 16 MiB");
  refuses({ segments: [{ data: CODE, memsz: 16 * MIB }] }, "needs guest memory up to 17 MiB", "has 16 MiB");
  refuses(
    { segments: [{ data: CODE }, { data: CODE, paddr: GPA.ACPI_TABLES }] },
    "outside of the guest's memory",
  );
  refuses({ segments: [{ data: CODE }, { data: CODE, paddr: GPA.LOW_MEMORY_END - 1 }] }, "outside");
  refuses({ segments: [{ data: CODE }, { data: CODE, paddr: GPA.HOLE_START }] }, "outside");
  refuses({ segments: [{ data: CODE }, { data: CODE, paddr: GPA.HOLE_END - 1 }] }, "above 4 GiB");
});

Deno.test("elf: addresses that wrap around 2^32, 2^53 or 2^64 are refused", () => {
  refuses({ segments: [{ data: CODE }, { data: CODE, paddr: 2n ** 64n - 100n }] }, "p_paddr");
  refuses({ segments: [{ data: CODE }, { data: CODE, paddr: 2n ** 53n }] }, "p_paddr");
  refuses({ segments: [{ data: CODE }, { data: CODE, paddr: 2n ** 53n - 1n }] }, "above 4 GiB");
  refuses({ segments: [{ data: CODE, memsz: 2n ** 64n - BigInt(MIB) }] }, "p_memsz");
  refuses({ segments: [{ data: CODE, memsz: 2n ** 53n - 1n }] }, "above 4 GiB");
  refuses({ segments: [{ data: CODE, offset: 2n ** 64n - 10n }] }, "p_offset");
  refuses({ segments: [{ data: CODE, offset: 2n ** 53n - 1n }] }, "truncated");
  refuses({ segments: [{ data: CODE, filesz: 2n ** 63n, memsz: 2n ** 63n }] }, "p_filesz");
  refuses({ bits: 32, segments: [{ data: CODE, paddr: 0xffff_fff0 }] }, "64-bit");
});

Deno.test("elf: empty segments are passed over, and a file of nothing else is refused", () => {
  load({ segments: [{ data: CODE }, { paddr: 2n ** 52n }] });
  refuses({ segments: [{}] }, "no segment to load");
});

Deno.test("elf: broken headers are refused", () => {
  const segments = [{ data: CODE }];
  refuses({ segments, phnum: 0 }, "no program headers");
  refuses({ segments, phnum: 0xffff }, "65535");
  refuses({ segments, phnum: 1000 }, "truncated");
  refuses({ segments, phentsize: 32 }, "32 bytes each");
  refuses({ segments, phoff: 2n ** 64n - 1n }, "e_phoff");
  refuses({ segments, phoff: 100_000 }, "truncated");
  refuses({ segments: [{ data: CODE, memsz: 10 }] }, "300 bytes in the file and only 10");
});

Deno.test("elf: files for other machines and other purposes are named", () => {
  const segments = [{ data: CODE }];
  refuses({ segments, machine: 183 }, "AArch64");
  refuses({ segments, machine: 243 }, "RISC-V");
  refuses({ segments, machine: 9999 }, "machine 9999");
  refuses({ segments, type: 1 }, "object");
  refuses({ segments, type: 4 }, "core dump");
  refuses({ segments, bits: 32 }, "32-bit ELF");
  const big = elf({ segments });
  big.set([2], 5);
  big.set([2, 0, 21], 17);
  assertStringIncludes(
    assertThrows(() => inspectKernel(image(big)), UserError).message,
    "64-bit PowerPC (big-endian)",
  );
});

Deno.test("elf: every truncation is refused", () => {
  const whole = elf({ segments: [{ data: CODE }, { data: CODE, paddr: 2 * MIB }] });
  for (let length = 1; length < whole.length; length++) {
    assertThrows(() => inspectKernel(image(whole.subarray(0, length))), UserError);
  }
  inspectKernel(image(whole));
});
