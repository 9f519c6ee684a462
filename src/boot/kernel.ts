/**
 * What every boot protocol's module makes of a kernel file, so that the rest need not know which one it is.
 *
 * @module
 */

import type { BootEntry, BootProtocol } from "./entry.ts";
import type { ImageFile } from "./image_file.ts";
import type { Placement } from "./placement.ts";

/** What a kernel file says of itself, without any guest. Plain data. */
export interface KernelInfo {
  readonly protocol: BootProtocol;
  /** One line for people, for example `Linux 6.1.0-18-amd64, bzImage, boot protocol 2.15`. */
  readonly description: string;
  /** The version in a bzImage's header. */
  readonly version?: string;
  /** The longest command line in bytes, its NUL not counted; 0: the protocol has none. */
  readonly cmdlineLimit: number;
  /** Whether the protocol hands over an initrd. Multiboot hands it over as the first module. */
  readonly takesInitrd: boolean;
  /** Whether the protocol hands over modules. */
  readonly takesModules: boolean;
  /** The least memory in bytes that holds the kernel itself. */
  readonly minimumMemory: number;
}

/** A module and its own command line. */
export interface BootModule {
  readonly file: ImageFile;
  readonly cmdline: string;
}

/** What goes with a kernel, checked against its {@link KernelInfo} already. */
export interface BootExtras {
  /** Bytes without a NUL; the NUL is added where it is placed. */
  readonly cmdline: Uint8Array;
  readonly initrd: ImageFile | undefined;
  readonly modules: readonly BootModule[];
  /** Guest-physical address of the ACPI RSDP. */
  readonly acpiRsdp: number;
}

/** The second half of loading: writes what was planned, and says how to start. Only reading a file can still fail. */
export type WriteKernel = () => BootEntry;

/** A kernel file that a protocol's module has read and found right. */
export interface Kernel {
  readonly info: KernelInfo;
  /**
   * Claims all guest memory that booting takes, writing nothing.
   *
   * @throws {UserError} if it does not fit.
   */
  plan(placement: Placement, extras: BootExtras): WriteKernel;
}
