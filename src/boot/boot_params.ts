/**
 * Linux's `struct boot_params`, the "zero page", as the boot protocol fixes it.
 *
 * A bzImage carries its `setup_header` at the same offset as the zero page does, 0x1f1, so this layout reads files too.
 *
 * Sources: Documentation/arch/x86/boot.rst, Documentation/arch/x86/zero-page.rst, uapi/asm/bootparam.h.
 *
 * @module
 */

import { array, packed, u16, u32, u64, u8, type View } from "../../ffi/layout.ts";

/** The part that a kernel image supplies. */
export const setup_header = packed("setup_header", {
  setup_sects: u8,
  root_flags: u16,
  syssize: u32,
  ram_size: u16,
  vid_mode: u16,
  root_dev: u16,
  boot_flag: u16,
  jump: u16,
  header: u32,
  version: u16,
  realmode_swtch: u32,
  start_sys_seg: u16,
  kernel_version: u16,
  type_of_loader: u8,
  loadflags: u8,
  setup_move_size: u16,
  code32_start: u32,
  ramdisk_image: u32,
  ramdisk_size: u32,
  bootsect_kludge: u32,
  heap_end_ptr: u16,
  ext_loader_ver: u8,
  ext_loader_type: u8,
  cmd_line_ptr: u32,
  initrd_addr_max: u32,
  kernel_alignment: u32,
  relocatable_kernel: u8,
  min_alignment: u8,
  xloadflags: u16,
  cmdline_size: u32,
  hardware_subarch: u32,
  hardware_subarch_data: u64,
  payload_offset: u32,
  payload_length: u32,
  setup_data: u64,
  pref_address: u64,
  init_size: u32,
  handover_offset: u32,
  kernel_info_offset: u32,
});
export type SetupHeader = View<typeof setup_header>;

/** One range of the memory map. */
export const boot_e820_entry = packed("boot_e820_entry", { addr: u64, size: u64, type: u32 });

/** Ranges that `e820_table` holds. */
export const E820_MAX_ENTRIES_ZEROPAGE = 128;

/** The whole page. Fields that this board never fills are `_unused`. */
export const boot_params = packed("boot_params", {
  _unused0: array(u8, 0x070),
  acpi_rsdp_addr: u64,
  _unused1: array(u8, 0x0c0 - 0x078),
  ext_ramdisk_image: u32,
  ext_ramdisk_size: u32,
  ext_cmd_line_ptr: u32,
  _unused2: array(u8, 0x1e8 - 0x0cc),
  e820_entries: u8,
  _unused3: array(u8, 0x1ef - 0x1e9),
  sentinel: u8,
  _unused4: u8,
  hdr: setup_header,
  _unused5: array(u8, 0x2d0 - 0x1f1 - setup_header.size),
  e820_table: array(boot_e820_entry, E820_MAX_ENTRIES_ZEROPAGE),
  _unused6: array(u8, 0x1000 - 0xcd0),
});

/** Where the header starts in a bzImage and in the zero page. */
export const SETUP_HEADER_OFFSET = 0x1f1;
/** The header's first bytes that are no field: its copy may never reach behind this. */
export const SETUP_HEADER_LIMIT = 0x290;
/** `boot_flag`: the signature of a PC boot sector, at 0x1fe. */
export const BOOT_FLAG = 0xaa55;
/** `header`: "HdrS", at 0x202. */
export const HDRS = 0x5372_6448;

/** Bits of `loadflags`. */
export const LOADED_HIGH = 1 << 0;
/** Bits of `xloadflags`. */
export const XLF_KERNEL_64 = 1 << 0;
/** `type_of_loader` of a boot loader without a number of its own. */
export const LOADER_UNDEFINED = 0xff;
