/**
 * What a kernel module says of itself: the `.modinfo` section of its ELF file, a run of NUL-ended `key=value`
 * strings (`include/linux/moduleparam.h`, MODULE_INFO).
 *
 * @module
 */

import { HostError } from "../errors.ts";

/** The part of a module's information that decides when it is loaded. */
export interface ModuleInfo {
  /** Modules whose symbols it uses: they must be loaded first. Names have underscores only. */
  readonly depends: readonly string[];
  /** Modules or aliases that it would like loaded first, and works without. */
  readonly softPre: readonly string[];
}

/** Places in an ELF64 file (System V ABI, Elf64_Ehdr and Elf64_Shdr). */
const ELF = {
  MAGIC: 0x7f454c46, // big-endian
  CLASS64_LITTLE: 0x0201,
  SHOFF: 0x28,
  SHENTSIZE: 0x3a,
  SHNUM: 0x3c,
  SHSTRNDX: 0x3e,
  SECTION_NAME: 0x00,
  SECTION_OFFSET: 0x18,
  SECTION_SIZE: 0x20,
  SECTION_HEADER_BYTES: 0x40,
};

/** The name by which the kernel knows the module in a file: `kernel/fs/foo-bar.ko.xz` is `foo_bar`. */
export function moduleName(path: string): string {
  return canonical(path.slice(path.lastIndexOf("/") + 1).replace(/\.ko(\.\w+)?$/, ""));
}

/** Hyphens and underscores are one in module names (`scripts/mod/modpost.c`). */
export function canonical(name: string): string {
  return name.replaceAll("-", "_");
}

/**
 * Reads a module's dependencies.
 *
 * @param file The module's bytes, unpacked.
 * @param path Only for error messages.
 * @throws {HostError} if the bytes are no 64-bit ELF file with a `.modinfo` section.
 */
export function moduleInfo(file: Uint8Array, path: string): ModuleInfo {
  let depends: string[] = [];
  const softPre: string[] = [];
  for (const line of new TextDecoder().decode(modinfoSection(file, path)).split("\0")) {
    const equals = line.indexOf("=");
    const value = line.slice(equals + 1);
    switch (line.slice(0, Math.max(equals, 0))) {
      case "depends":
        depends = value.split(",").filter((name) => name !== "").map(canonical);
        break;
      case "softdep":
        softPre.push(...beforeNames(value));
        break;
    }
  }
  return { depends, softPre };
}

/** "pre: a b post: c" → a, b (modprobe.d(5), softdep). */
function beforeNames(softdep: string): string[] {
  const names: string[] = [];
  let before = false;
  for (const word of softdep.split(/\s+/)) {
    if (word === "pre:" || word === "post:") before = word === "pre:";
    else if (before && word !== "") names.push(canonical(word));
  }
  return names;
}

function modinfoSection(file: Uint8Array, path: string): Uint8Array {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  try {
    if (view.getUint32(0) !== ELF.MAGIC || view.getUint16(4) !== ELF.CLASS64_LITTLE) {
      throw new RangeError("no 64-bit little-endian ELF file");
    }
    const table = number64(view, ELF.SHOFF);
    const stride = view.getUint16(ELF.SHENTSIZE, true);
    const count = view.getUint16(ELF.SHNUM, true);
    if (stride < ELF.SECTION_HEADER_BYTES) throw new RangeError("section headers too short");
    const section = (index: number) => {
      const at = table + index * stride;
      const offset = number64(view, at + ELF.SECTION_OFFSET);
      const size = number64(view, at + ELF.SECTION_SIZE);
      return { name: view.getUint32(at + ELF.SECTION_NAME, true), offset, size };
    };
    const names = section(view.getUint16(ELF.SHSTRNDX, true));
    for (let index = 0; index < count; index++) {
      const { name, offset, size } = section(index);
      if (stringAt(file, names.offset + name) !== ".modinfo") continue;
      if (offset + size > file.length) throw new RangeError(".modinfo lies outside the file");
      return file.subarray(offset, offset + size);
    }
    throw new RangeError("no .modinfo section");
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new HostError(`${path} is no kernel module: ${error.message}`, { cause: error });
  }
}

/** A 64-bit field as a number; one past 2^53 is past the file's end anyway, and DataView then says so. */
function number64(view: DataView, at: number): number {
  return view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32;
}

function stringAt(file: Uint8Array, at: number): string {
  const end = file.indexOf(0, at);
  return new TextDecoder().decode(file.subarray(at, end < 0 ? file.length : end));
}
