import { assertEquals } from "@std/assert";
import { GPA } from "../../../src/board/addresses.ts";
import { boot_e820_entry, boot_params, setup_header } from "../../../src/boot/boot_params.ts";
import {
  encodeDescriptor,
  realModeSegments,
  SEGMENTS_32,
  SEGMENTS_64,
  writeGdt,
} from "../../../src/boot/gdt.ts";
import { PAGE_TABLES_SIZE, writeIdentityMap } from "../../../src/boot/page_tables.ts";
import { plainRam } from "../../support/plain_ram.ts";
import { MIB } from "./images.ts";

const table = (bytes: Uint8Array<ArrayBuffer>) => new BigUint64Array(bytes.slice().buffer);

Deno.test("cpu state: the GDT holds the descriptors that the segment registers describe", () => {
  const ram = plainRam(MIB);
  ram.view(GPA.BOOT_GDT, 40).fill(0xff);
  const gdt = writeGdt(ram, SEGMENTS_64);
  assertEquals(gdt, { base: GPA.BOOT_GDT, limit: 39 });
  assertEquals([...table(ram.view(gdt.base, 40))], [0n, 0n, 0x00af9b000000ffffn, 0x00cf93000000ffffn, 0n]);
  writeGdt(ram, SEGMENTS_32);
  assertEquals(
    [...table(ram.view(gdt.base, 40))],
    [0n, 0n, 0x00cf9b000000ffffn, 0x00cf93000000ffffn, 0x00008b0000000067n],
  );
});

Deno.test("cpu state: a descriptor's base and limit are spread as the manual draws them", () => {
  const segment = { ...realModeSegments(0, 0).cs, base: 0x1234_5678, limit: 0xa_bcde };
  assertEquals(encodeDescriptor(segment), [0x5678_bcde, 0x120a_9b34]);
});

Deno.test("cpu state: a walk of the page tables maps every address below 4 GiB to itself", () => {
  const ram = plainRam(MIB);
  ram.view(GPA.PAGE_TABLES, PAGE_TABLES_SIZE).fill(0xff);
  const root = writeIdentityMap(ram);
  const entry = (base: bigint, index: number) =>
    new DataView(ram.view(Number(base) + index * 8, 8).slice().buffer).getBigUint64(0, true);
  const walk = (address: number) => {
    const pml4e = entry(BigInt(root), Math.floor(address / 2 ** 39));
    const pdpte = entry(pml4e & ~0xfffn, Math.floor(address / 2 ** 30) % 512);
    const pde = entry(pdpte & ~0xfffn, Math.floor(address / 2 ** 21) % 512);
    assertEquals([pml4e & 0xfffn, pdpte & 0xfffn, pde & 0xfffn], [0x3n, 0x3n, 0x83n]);
    return Number(pde & ~0x1f_ffffn) + address % 2 ** 21;
  };
  for (
    const address of [0, 0x1234, 2 * MIB - 1, 2 * MIB, 0x3fff_ffff, 0x4000_0000, 0x8765_4321, 0xffff_ffff]
  ) {
    assertEquals(walk(address), address);
  }
  assertEquals(entry(BigInt(root), 1), 0n);
  assertEquals(entry(BigInt(root + 4096), 4), 0n);
});

Deno.test("cpu state: boot_params has the offsets of the boot protocol", () => {
  assertEquals([boot_params.size, setup_header.size, boot_e820_entry.size], [4096, 0x26c - 0x1f1, 20]);
  assertEquals(
    [
      boot_params.offset("acpi_rsdp_addr"),
      boot_params.offset("ext_ramdisk_image"),
      boot_params.offset("e820_entries"),
      boot_params.offset("sentinel"),
      boot_params.offset("hdr"),
      boot_params.offset("e820_table"),
    ],
    [0x70, 0xc0, 0x1e8, 0x1ef, 0x1f1, 0x2d0],
  );
  const at = (field: Parameters<typeof setup_header.offset>[0]) => 0x1f1 + setup_header.offset(field);
  assertEquals(at("boot_flag"), 0x1fe);
  assertEquals(at("header"), 0x202);
  assertEquals(at("type_of_loader"), 0x210);
  assertEquals(at("cmd_line_ptr"), 0x228);
  assertEquals(at("xloadflags"), 0x236);
  assertEquals(at("pref_address"), 0x258);
  assertEquals(at("init_size"), 0x260);
});
