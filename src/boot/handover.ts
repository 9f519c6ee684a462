/**
 * What PVH and multiboot have in common: a 32-bit entry with modules, command lines and tables to hand over.
 *
 * @module
 */

import { alignUp } from "../../ffi/layout.ts";
import { GPA } from "../board/addresses.ts";
import type { GuestRam } from "../memory/guest_memory.ts";
import { CommandLineArea, encodeCommandLine, LONGEST_COMMAND_LINE } from "./command_line.ts";
import { claimProtectedMode } from "./cpu_modes.ts";
import type { ImageFile } from "./image_file.ts";
import { type PlacedFile, readPlaced } from "./initrd.ts";
import type { BootExtras } from "./kernel.ts";
import type { Placement } from "./placement.ts";
import { claimSegments, type LoadSegment, readSegments } from "./segments.ts";
import { StartArea } from "./start_area.ts";

/** A module in its place. */
export interface PlacedModule extends PlacedFile {
  /** Guest-physical address of its command line. */
  readonly cmdline: number;
}

/** What differs between the protocols. */
export interface HandoverPlan {
  readonly file: ImageFile;
  readonly segments: readonly LoadSegment[];
  /** Bytes of each table, given the number of modules. */
  tableSizes(modules: number): readonly number[];
  /** Finds a module's place; all else is claimed by then. */
  place(module: ImageFile, field: "initrd" | "modules"): PlacedFile;
}

/** What was placed where. */
export interface Handover {
  /** The initrd first, if there is one. */
  readonly modules: readonly PlacedModule[];
  /** Guest-physical address of the kernel's command line. */
  readonly cmdline: number;
  /** Guest-physical addresses of the tables, in the order of their sizes. */
  readonly tables: readonly number[];
  /** Reads kernel and modules and writes the command lines; the tables are the caller's. */
  write(ram: GuestRam): void;
}

/** Claims memory for a kernel and all that goes with it. */
export function planHandover(placement: Placement, plan: HandoverPlan, extras: BootExtras): Handover {
  const { file, segments } = plan;
  const given = extras.modules.map((module) => ({ ...module, field: "modules" as const }));
  const all = extras.initrd
    ? [{ file: extras.initrd, cmdline: "", field: "initrd" as const }, ...given]
    : given;

  const strings = new CommandLineArea();
  const cmdline = strings.add(extras.cmdline);
  const moduleStrings = all.map((module) =>
    strings.add(encodeCommandLine(module.cmdline, LONGEST_COMMAND_LINE, module.field))
  );
  const area = new StartArea();
  const tables = plan.tableSizes(all.length).map((size) => area.add(size));

  claimProtectedMode(placement);
  placement.claim("the boot information", GPA.START_INFO, area.size);
  placement.claim("the command line", GPA.COMMAND_LINE, alignUp(strings.size, 8));
  claimSegments(placement, file, segments);
  const modules = all.map((module, index) => (
    { ...plan.place(module.file, module.field), cmdline: moduleStrings[index]! }
  ));
  return {
    modules,
    cmdline,
    tables,
    write(ram) {
      readSegments(ram, file, segments);
      for (const module of modules) readPlaced(ram, module);
      strings.write(ram);
    },
  };
}
