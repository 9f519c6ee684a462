/**
 * Which kernel modules to load for a purpose, and in which order, without depmod: from `modules.order`,
 * `modules.builtin` (Linux Documentation/kbuild/kbuild.rst) and each module's own `.modinfo`.
 *
 * @module
 */

import { join } from "@std/path";
import { HostError } from "../errors.ts";
import { unpack } from "./compression.ts";
import { canonical, moduleInfo, moduleName } from "./modinfo.ts";

/** A module ready to be loaded. */
export interface KernelModule {
  /** As in /proc/modules. */
  readonly name: string;
  /** The ELF file, unpacked: the kernel's init_module takes it as it is. */
  readonly data: Uint8Array<ArrayBuffer>;
}

/** What {@linkcode loadOrder} found. */
export interface LoadPlan {
  /** Each after all that it depends on. */
  readonly modules: readonly KernelModule[];
  /** Wanted names that this kernel has neither as a module nor built in. */
  readonly missing: readonly string[];
}

/** The modules of one kernel. */
export interface ModuleTree {
  /** Names built into the kernel itself. */
  readonly builtin: ReadonlySet<string>;
  /** Name → file. */
  readonly files: ReadonlyMap<string, string>;
  /** The bytes of a file, unpacked. */
  read(file: string): Promise<Uint8Array<ArrayBuffer>>;
}

/** How distributions pack module files; `modules.order` names them unpacked. */
const PACKINGS = ["", ".xz", ".zst", ".gz"];

/**
 * Reads the index of a kernel's modules; no module is opened yet.
 *
 * @param modulesDir Such as `/lib/modules/6.1.0-56-amd64`.
 * @param busybox Unpacks `.ko.xz` where the host has no `xz` program.
 * @throws {HostError} if there is no such directory or it has no index.
 */
export async function moduleTree(modulesDir: string, busybox?: string): Promise<ModuleTree> {
  const order = await indexLines(join(modulesDir, "modules.order"));
  const builtin = await indexLines(join(modulesDir, "modules.builtin"));
  return {
    builtin: new Set(builtin.map(moduleName)),
    files: new Map(order.map((file) => [moduleName(file), join(modulesDir, file)])),
    async read(file) {
      for (const packing of PACKINGS) {
        try {
          return await unpack(file + packing, await Deno.readFile(file + packing), busybox);
        } catch (error) {
          if (!(error instanceof Deno.errors.NotFound)) throw error;
        }
      }
      throw new HostError(`${file} is in the index, but not on the disk`);
    },
  };
}

async function indexLines(path: string): Promise<string[]> {
  try {
    return (await Deno.readTextFile(path)).split("\n").filter((line) => line !== "");
  } catch (error) {
    throw new HostError(`cannot read the module index ${path}`, {
      hint: "The kernel's modules must be installed beside it: /lib/modules/RELEASE.",
      cause: error,
    });
  }
}

/**
 * Finds the modules that a list of names needs, dependencies first, what is built in left out.
 *
 * Soft dependencies are honoured where they name a module; where they name an alias, which only depmod's index
 * resolves, they are passed over, as the kernel would on a machine without that index.
 *
 * @param wanted Names as modprobe takes them; hyphens and underscores are one.
 * @throws {HostError} if a module needs one that does not exist, or cannot be read.
 */
export async function loadOrder(tree: ModuleTree, wanted: readonly string[]): Promise<LoadPlan> {
  const modules: KernelModule[] = [];
  const missing: string[] = [];
  // Entered before its dependencies are followed: a cycle of soft dependencies ends here.
  const met = new Set<string>();

  const visit = async (name: string, dependent?: string) => {
    if (met.has(name) || tree.builtin.has(name)) return;
    met.add(name);
    const file = tree.files.get(name);
    if (file === undefined) {
      if (dependent !== undefined) {
        throw new HostError(`the kernel module ${dependent} needs ${name}, which this kernel does not have`);
      }
      missing.push(name);
      return;
    }
    const data = await tree.read(file);
    const info = moduleInfo(data, file);
    for (const soft of info.softPre) if (tree.files.has(soft)) await visit(soft);
    for (const needed of info.depends) await visit(needed, name);
    modules.push({ name, data });
  };

  for (const name of wanted) await visit(canonical(name));
  return { modules, missing };
}
