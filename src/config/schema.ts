/**
 * The one description of a machine: types, defaults, validation, the CLI's flags and their help all come from here.
 *
 * @module
 */

import { z } from "zod";
import { formatMemorySize, parseMemorySize } from "./memory_size.ts";

/** Least RAM that a machine can have. */
const MIN_MEMORY = 16 * 2 ** 20;
/** More than any processor's physical address space (52 bits) can hold beside the hole. */
const MAX_MEMORY = 2 ** 51;
/** xAPIC identifiers are a byte; 255 means all. */
const MAX_CPUS = 254;
const MAX_SERIAL = 4;
/** As many as the board has places and lines for, and queues that a disk can have. */
const MAX_DISKS = 16, MAX_QUEUES = 16;

const memory = z.string({ error: 'must be a text with a unit, for example "512M"' }).transform(
  (text, context) => {
    const bytes = parseMemorySize(text);
    const problem = bytes === undefined
      ? 'is no amount of memory: write a number and a unit, for example "512M" or "2G"'
      : bytes < MIN_MEMORY
      ? `is too little: the least is ${formatMemorySize(MIN_MEMORY)}`
      : bytes > MAX_MEMORY
      ? `is too much: the most is ${formatMemorySize(MAX_MEMORY)}`
      : undefined;
    if (problem === undefined) return Math.ceil(bytes! / 4096) * 4096;
    context.addIssue({ code: "custom", message: problem, input: text });
    return z.NEVER;
  },
);

const SERIAL_TARGET = /^(stdio|stream|null|pty|(file|unix):.+)$/;

/**
 * A machine's configuration. Unknown keys are errors. Its type is zod's, inferred: nothing describes it twice.
 *
 * @internal
 */
export const MachineSchema = z.strictObject({
  kernel: z.string().min(1).optional()
    .describe("Kernel image: bzImage, ELF vmlinux, PVH or multiboot. None starts the embedded guest"),
  initrd: z.string().min(1).optional().describe("Initial RAM disk"),
  cmdline: z.string().default("").describe("Kernel command line"),
  protocol: z.enum(["auto", "linux", "elf", "pvh", "multiboot", "flat"]).default("auto")
    .describe("Boot protocol, where the image allows several; flat is 16-bit code at 0x7c00"),
  modules: z.array(z.strictObject({ path: z.string().min(1), cmdline: z.string().default("") })).default([])
    .describe("Multiboot modules"),
  memory: memory.prefault("256M").describe("RAM with its unit: 512M, 2G"),
  cpus: z.int().min(1).max(MAX_CPUS).default(1).describe("Virtual CPUs"),
  serial: z.array(
    z.string().regex(SERIAL_TARGET, "must be stdio, stream, null, pty, file:PATH or unix:PATH"),
  ).max(MAX_SERIAL).default(["stream"])
    .describe("Where COM1 to COM4 lead: stdio, stream, null, pty, file:PATH or unix:PATH"),
  disks: z.array(z.strictObject({
    path: z.string().min(1),
    readOnly: z.boolean().default(false),
    format: z.enum(["auto", "raw", "qcow2"]).default("auto"),
    cache: z.enum(["writeback", "writethrough", "none", "unsafe"]).default("writeback"),
    serial: z.string().max(20, "must have at most 20 characters").optional(),
    queues: z.int().min(1).max(MAX_QUEUES).default(1),
  })).max(MAX_DISKS).default([])
    .describe("Disk image, raw or qcow2, seen as /dev/vda and so on; keys: format, cache, serial, queues"),
  transport: z.enum(["pci", "mmio"]).default("pci")
    .describe("What virtio devices are attached to: a PCI bus, or memory at fixed addresses"),
  debugConsole: z.boolean().default(false).describe(
    "Debug console at port 0xe9: what is written there goes into COM1's output, in no fixed order with it, " +
      "and is lost while that is full",
  ),
  debugExit: z.boolean().default(false).describe(
    "isa-debug-exit at port 0xf4: a guest ends with a code of its own",
  ),
  trace: z.array(z.enum(["exits"])).default([]).describe("What to trace to standard error: exits"),
});

/** A machine's configuration as a user writes it: every key is optional. */
export type MachineConfig = (typeof MachineSchema)["_zod"]["input"];
/** The same, complete: defaults filled in, memory in bytes. */
export type CheckedConfig = (typeof MachineSchema)["_zod"]["output"];
