import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { GPA } from "../../../src/board/addresses.ts";
import { boot_params } from "../../../src/boot/boot_params.ts";
import { inspectKernel, loadKernel } from "../../../src/boot/load.ts";
import { UserError } from "../../../src/errors.ts";
import { plainRam } from "../../support/plain_ram.ts";
import { BZ_PAYLOAD, bzImage, image, MIB, pattern } from "./images.ts";

const load = (
  bytes: Uint8Array,
  options: { initrd?: Uint8Array; cmdline?: string; memory?: number } = {},
) => {
  const ram = plainRam(options.memory ?? 16 * MIB);
  const entry = loadKernel(ram, {
    kernel: image(bytes),
    initrd: options.initrd && image(options.initrd, "initrd"),
    cmdline: options.cmdline ?? "console=ttyS0",
    acpiRsdp: GPA.ACPI_TABLES,
  });
  const page = ram.view(GPA.ZERO_PAGE, boot_params.size);
  return { ram, entry, page: boot_params.at(page.buffer, page.byteOffset) };
};

const refuses = (bytes: Uint8Array, ...words: string[]) => {
  const error = assertThrows(() => inspectKernel(image(bytes)), UserError);
  for (const word of words) assertStringIncludes(error.message, word);
};

Deno.test("bzimage: the kernel lies at its preferred address and starts 512 bytes in, in long mode", () => {
  const { ram, entry } = load(bzImage());
  assertEquals(ram.view(2 * MIB, BZ_PAYLOAD.length), BZ_PAYLOAD);
  assertEquals(entry.mode, "long");
  assertEquals(entry.rip, 2 * MIB + 0x200);
  assertEquals(entry.registers.rsi, GPA.ZERO_PAGE);
  assertEquals(structuredClone(entry), entry);
  assert(ram.intact);
});

Deno.test("bzimage: the zero page carries the header, the loader's fields and the memory map", () => {
  const { ram, page } = load(bzImage(), { cmdline: "quiet ä" });
  assertEquals(page.sentinel, 0, "only the header is copied");
  assertEquals(page.hdr.version, 0x020f);
  assertEquals(page.hdr.type_of_loader, 0xff);
  assertEquals(page.hdr.code32_start, 2 * MIB);
  assertEquals(page.acpi_rsdp_addr_num, GPA.ACPI_TABLES);
  assertEquals(page.hdr.cmd_line_ptr, GPA.COMMAND_LINE);
  const line = new TextEncoder().encode("quiet ä\0");
  assertEquals(ram.view(GPA.COMMAND_LINE, line.length), line);
  const map = page.e820_table.slice(0, page.e820_entries).map((e) => [e.addr_num, e.size_num, e.type]);
  assertEquals(map[0], [0, GPA.LOW_MEMORY_END, 1]);
  assert(map.some(([addr, size, type]) => addr === GPA.ACPI_TABLES && size === 65536 && type === 3));
  assert(map.some(([addr, size, type]) => addr === MIB && size === 15 * MIB && type === 1));
});

Deno.test("bzimage: a header that ends early is copied no further than its jump says", () => {
  const { page } = load(bzImage((hdr) => {
    hdr.jump = 0x5eeb; // ends at 0x260: init_size and what follows are not part of it
    hdr.handover_offset = 0x1234;
  }));
  assertEquals(page.hdr.pref_address_num, 2 * MIB);
  assertEquals(page.hdr.handover_offset, 0);
});

Deno.test("bzimage: the initrd lies page-aligned at the end of memory, below initrd_addr_max, off the kernel", () => {
  const initrd = pattern(5000, 9);
  const high = load(bzImage(), { initrd });
  assertEquals(high.page.hdr.ramdisk_image, 16 * MIB - 8192);
  assertEquals(high.page.hdr.ramdisk_size, 5000);
  assertEquals(high.ram.view(16 * MIB - 8192, 5000), initrd);
  // The limit lies inside of what the kernel unpacks, so it goes below that.
  const limited = load(bzImage((hdr) => hdr.initrd_addr_max = 3 * MIB - 1), { initrd });
  assertEquals(limited.page.hdr.ramdisk_image, 2 * MIB - 8192);
});

Deno.test("bzimage: an initrd larger than memory is refused, with what would hold it", () => {
  const error = assertThrows(() => load(bzImage(), { initrd: new Uint8Array(14 * MIB) }), UserError);
  assertStringIncludes(error.message, "initrd (14 MiB) does not fit in the guest's memory of 16 MiB");
  assertStringIncludes(error.message, "12 MiB");
  assertEquals(error.hint, "Give the guest at least 18 MiB of memory.");
  assertEquals(error.field, "initrd");
  load(bzImage(), { initrd: new Uint8Array(14 * MIB), memory: 18 * MIB });
});

Deno.test("bzimage: memory too small for what the kernel unpacks is refused", () => {
  const error = assertThrows(() => load(bzImage((hdr) => hdr.init_size = 15 * MIB)), UserError);
  assertStringIncludes(error.message, "needs guest memory up to 17 MiB");
  assertEquals(error.hint, "Give the guest at least 17 MiB of memory.");
  assertEquals(inspectKernel(image(bzImage((hdr) => hdr.init_size = 15 * MIB))).minimumMemory, 17 * MIB);
});

Deno.test("bzimage: the load address keeps the alignment of a relocatable kernel and the will of a fixed one", () => {
  const aligned = load(bzImage((hdr) => hdr.kernel_alignment = 8 * MIB));
  assertEquals(aligned.entry.rip, 8 * MIB + 0x200);
  const fixed = load(bzImage((hdr) => {
    hdr.relocatable_kernel = 0;
    hdr.kernel_alignment = 8 * MIB;
  }));
  assertEquals(fixed.entry.rip, 2 * MIB + 0x200);
});

Deno.test("bzimage: the command line's limit is the header's, and both lengths are told", () => {
  load(bzImage(), { cmdline: "x".repeat(2047) });
  const error = assertThrows(() => load(bzImage(), { cmdline: "x".repeat(2048) }), UserError);
  assertStringIncludes(error.message, "2048 bytes");
  assertStringIncludes(error.message, "takes 2047");
  assertEquals(error.field, "cmdline");
  assertEquals(inspectKernel(image(bzImage((hdr) => hdr.cmdline_size = 0xffff_ffff))).cmdlineLimit, 65535);
  assertStringIncludes(assertThrows(() => load(bzImage(), { cmdline: "a\0b" }), UserError).message, "NUL");
});

Deno.test("bzimage: a reboot into the same memory leaves nothing of the last one", () => {
  const { ram } = load(bzImage(), { cmdline: "a longer command line", initrd: pattern(100) });
  ram.view(GPA.ZERO_PAGE, boot_params.size).fill(0xff);
  loadKernel(ram, { kernel: image(bzImage()), cmdline: "short", acpiRsdp: 0 });
  assertEquals(ram.view(GPA.COMMAND_LINE, 6), new TextEncoder().encode("short\0"));
  const page = boot_params.at(ram.view(GPA.ZERO_PAGE, boot_params.size).slice().buffer);
  assertEquals([page.sentinel, page.ext_ramdisk_image, page.hdr.ramdisk_size], [0, 0, 0]);
});

Deno.test("bzimage: modules are refused", () => {
  const kernel = image(bzImage());
  const modules = [{ file: image(pattern(10)), cmdline: "" }];
  const error = assertThrows(
    () => loadKernel(plainRam(16 * MIB), { kernel, modules, cmdline: "", acpiRsdp: 0 }),
    UserError,
  );
  assertEquals(error.field, "modules");
});

Deno.test("bzimage: inspection tells version, protocol and limits", () => {
  const info = inspectKernel(image(bzImage()));
  assertEquals(info.protocol, "linux");
  assertEquals(info.version, "6.1.0-test (somebody@example.org) #1 SMP");
  assertEquals(info.description, "Linux 6.1.0-test, bzImage, boot protocol 2.15");
  assertEquals(info.cmdlineLimit, 2047);
});

Deno.test("bzimage: old, 32-bit and low kernels are refused by name and version", () => {
  refuses(bzImage((hdr) => hdr.version = 0x020a), "6.1.0-test", "2.10", "2.12");
  refuses(bzImage((hdr) => hdr.xloadflags = 0), "6.1.0-test", "32-bit");
  refuses(bzImage((hdr) => hdr.loadflags = 0), "6.1.0-test", "zImage");
  refuses(bzImage((hdr) => hdr.version = 0x0105), "unknown version", "1.05");
});

Deno.test("bzimage: headers that contradict themselves are refused", () => {
  refuses(bzImage((hdr) => hdr.boot_flag = 0), "boot signature");
  refuses(bzImage((hdr) => hdr.syssize = 0), "0 bytes");
  refuses(bzImage((hdr) => hdr.payload_length = 0xffff_ffff), "behind its end");
  refuses(bzImage((hdr) => hdr.kernel_alignment = 0), "alignment");
  refuses(bzImage((hdr) => hdr.kernel_alignment = 3 * MIB), "alignment");
  refuses(bzImage((hdr) => (hdr.kernel_alignment = 2 ** 31, hdr.pref_address = 2n ** 31n + 1n)), "alignment");
  refuses(bzImage((hdr) => hdr.pref_address = 1n << 53n), "0x20000000000000");
  refuses(bzImage((hdr) => hdr.pref_address = 0xffff_ffff_ffff_fff0n), "load address");
  refuses(bzImage((hdr) => (hdr.relocatable_kernel = 0, hdr.pref_address = 0x7000n)), "0x7000");
});

Deno.test("bzimage: every truncation is told as such or as no kernel", () => {
  const whole = bzImage();
  for (let length = 1; length < whole.length; length += length < 700 ? 1 : 97) {
    refuses(whole.subarray(0, length), length < 0x206 ? "looks like" : "truncated");
  }
  refuses(whole.subarray(0, whole.length - 1), "truncated", `${whole.length}`, `${whole.length - 1}`);
});

Deno.test("bzimage: bytes behind the kernel, such as a signature, are not loaded", () => {
  const { ram } = load(new Uint8Array([...bzImage(), 0xee, 0xee, 0xee, 0xee]));
  assertEquals(ram.view(2 * MIB + BZ_PAYLOAD.length, 4), new Uint8Array(4));
});
