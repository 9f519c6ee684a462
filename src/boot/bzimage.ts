/**
 * bzImage: Linux as distributions ship it, entered by the 64-bit boot protocol.
 *
 * Source: Documentation/arch/x86/boot.rst.
 *
 * @module
 */

import { alignUp } from "../../ffi/layout.ts";
import { GPA } from "../board/addresses.ts";
import { UserError } from "../errors.ts";
import {
  BOOT_FLAG,
  boot_params,
  HDRS,
  LOADED_HIGH,
  SETUP_HEADER_LIMIT,
  SETUP_HEADER_OFFSET,
  type SetupHeader,
  XLF_KERNEL_64,
} from "./boot_params.ts";
import { LONGEST_COMMAND_LINE } from "./command_line.ts";
import { hex } from "./format.ts";
import { type ImageFile, readBytes } from "./image_file.ts";
import type { Kernel, KernelInfo } from "./kernel.ts";
import { planLinux } from "./zero_page.ts";

const SECTOR = 512;
/** `setup_sects` 0 means 4, for history's sake. */
const DEFAULT_SETUP_SECTORS = 4;
/** `syssize` counts in paragraphs. */
const PARAGRAPH = 16;
/** Protocol 2.12 (Linux 3.8) brought `xloadflags`, and so the 64-bit entry for loaders. */
const OLDEST_PROTOCOL = 0x020c;
/** The 64-bit entry lies so far into the protected-mode kernel. */
const ENTRY_64 = 0x200;
/** Version strings are short (kernel/scripts put at most 64 bytes each of release and build): a bound for garbage. */
const VERSION_MAX = 256;

/** Whether a file's first bytes have the setup header's signature. */
export function isLinuxImage(head: Uint8Array): boolean {
  if (head.length < 0x206) return false;
  return new DataView(head.buffer, head.byteOffset).getUint32(0x202, true) === HDRS;
}

/**
 * Reads and checks the header of a bzImage.
 *
 * @throws {UserError} if it is truncated, contradicts itself, or is too old.
 */
export function readBzImage(file: ImageFile): Kernel {
  const wrong = (what: string) =>
    new UserError(`${file.name} is damaged: ${what}`, {
      field: "kernel",
      hint: "Copy or download the kernel again.",
    });
  const head = new Uint8Array(boot_params.size);
  file.read(0, head.subarray(0, SETUP_HEADER_LIMIT));
  const header = boot_params.at(head.buffer).hdr;
  if (header.boot_flag !== BOOT_FLAG) throw wrong("its setup header has no boot signature");
  const setupSize = ((header.setup_sects || DEFAULT_SETUP_SECTORS) + 1) * SECTOR;
  const version = readVersion(file, header, setupSize);
  checkProtocol(file, header, version);

  const size = header.syssize * PARAGRAPH;
  if (size <= ENTRY_64) throw wrong(`its protected-mode part has ${size} bytes`);
  if (setupSize + size > file.size) {
    throw new UserError(
      `${file.name} is truncated: by its header it has ${
        setupSize + size
      } bytes, and the file has ${file.size}`,
      { field: "kernel", hint: "Copy or download the kernel again." },
    );
  }
  if (header.payload_offset + header.payload_length > size) {
    throw wrong("its compressed kernel reaches behind its end");
  }
  const loadAddress = loadAddressOf(header, wrong);
  const memorySize = Math.max(header.init_size, size);
  const headerEnd = Math.min(0x202 + (head[0x201] ?? 0), SETUP_HEADER_LIMIT);
  const release = version?.split(" ", 1)[0];
  const info: KernelInfo = {
    protocol: "linux",
    description: `Linux ${release ?? "of unknown version"}, bzImage, boot protocol ${protocolName(header)}`,
    ...(version === undefined ? {} : { version }),
    cmdlineLimit: Math.min(header.cmdline_size, LONGEST_COMMAND_LINE),
    takesInitrd: true,
    takesModules: false,
    minimumMemory: loadAddress + memorySize,
  };
  return {
    info,
    plan: (placement, extras) =>
      planLinux(placement, {
        info,
        header: head.subarray(SETUP_HEADER_OFFSET, headerEnd),
        loadAddress,
        rip: loadAddress + ENTRY_64,
        initrdMax: header.initrd_addr_max,
        claim: () => placement.claim(`${file.name}, unpacking itself,`, loadAddress, memorySize),
        read: (ram) => file.read(setupSize, ram.view(loadAddress, size)),
      }, extras),
  };
}

function checkProtocol(file: ImageFile, header: SetupHeader, version: string | undefined): void {
  const what = `${file.name} (${version === undefined ? "Linux of unknown version" : `Linux ${version}`})`;
  if (header.version < OLDEST_PROTOCOL) {
    throw new UserError(
      `${what} is too old: it has boot protocol ${
        protocolName(header)
      }, and 2.12 (Linux 3.8) is the oldest ` +
        "with a 64-bit entry for loaders",
      { field: "kernel", hint: "Use a 64-bit kernel of version 3.8 or later." },
    );
  }
  if ((header.loadflags & LOADED_HIGH) === 0) {
    throw new UserError(`${what} is a zImage, loaded below 1 MiB, which has no 64-bit entry`, {
      field: "kernel",
      hint: "Build it as bzImage.",
    });
  }
  if ((header.xloadflags & XLF_KERNEL_64) === 0) {
    throw new UserError(`${what} has no 64-bit entry: it is a 32-bit kernel`, {
      field: "kernel",
      hint: "Use a kernel for x86-64 (amd64).",
    });
  }
}

/**
 * Where to load the kernel: where it will run, so that it need not move itself.
 *
 * A relocatable kernel loaded below `pref_address` moves up to there, and needs `init_size` from there on all the same.
 */
function loadAddressOf(header: SetupHeader, wrong: (what: string) => UserError): number {
  const preferred = header.pref_address_num;
  if (!Number.isSafeInteger(preferred) || preferred >= GPA.HOLE_START) {
    throw wrong(`it prefers the load address 0x${header.pref_address.toString(16)}`);
  }
  if (header.relocatable_kernel === 0) {
    if (preferred < GPA.HIGH_MEMORY) throw wrong(`it insists on the load address ${hex(preferred)}`);
    return preferred;
  }
  const align = header.kernel_alignment;
  // 2 MiB is what a 64-bit kernel asks for at least, 16 MiB what is usual; never 0, and always a power of two.
  if (align === 0 || (align & (align - 1)) !== 0) throw wrong(`it asks for an alignment of ${hex(align)}`);
  const aligned = alignUp(Math.max(preferred, GPA.HIGH_MEMORY), align);
  if (aligned >= GPA.HOLE_START) throw wrong(`it asks for an alignment of ${hex(align)}`);
  return aligned;
}

function protocolName(header: SetupHeader): string {
  return `${header.version >> 8}.${String(header.version & 0xff).padStart(2, "0")}`;
}

/** The version string, for example `6.1.0-18-amd64 (debian-kernel@lists.debian.org) #1 SMP …`; from protocol 2.00 on. */
function readVersion(file: ImageFile, header: SetupHeader, setupSize: number): string | undefined {
  const start = header.kernel_version + 0x200;
  if (header.version < 0x0200 || header.kernel_version === 0 || start >= setupSize) return undefined;
  if (start >= file.size) return undefined;
  const bytes = readBytes(file, start, Math.min(VERSION_MAX, setupSize - start, file.size - start));
  const end = bytes.indexOf(0);
  const text = String.fromCharCode(...bytes.subarray(0, end < 0 ? bytes.length : end)).trim();
  // It goes to a terminal: printable ASCII or nothing.
  return /^[\x20-\x7e]+$/.test(text) ? text : undefined;
}
