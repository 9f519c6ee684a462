/**
 * The lab: a machine whose /dev/kvm behaves like real hardware, on any host.
 *
 * QEMU emulates an x86-64 machine with AMD's SVM (L1) that runs a stock kernel with kvm_amd. Its root is this
 * host's, read-only, under a layer of memory: every program and file is there at the same path, and what is
 * written is lost, except in `outDir`. It is slow (times in it compare only with times in it), and true to hardware.
 *
 * @module
 */

import { UserError } from "../errors.ts";
import { busybox } from "../debian/busybox.ts";
import { kernelElf } from "../debian/kernel_elf.ts";
import { debianKernel, kernelFromFile, type StockKernel } from "../debian/kernel.ts";
import { type Progress, silent } from "../debian/progress.ts";
import { labInitrd } from "./initrd.ts";
import { LabError, LabMachine, type LabMachineOptions } from "./machine.ts";
import { findQemu } from "./qemu.ts";
import { converse } from "./session.ts";
import { commandScript, LAB_VARIABLES, settingsScript } from "./settings.ts";
import { hasTerminal, windowSize } from "./terminal.ts";

/** What to run, and where. Only the command is required. */
export interface LabOptions {
  /** Program and arguments; found by `PATH` in the lab. */
  readonly command: readonly string[];
  /** Working directory, an absolute path. Default: this process's. */
  readonly cwd?: string;
  /** The command's environment. Default: this process's. `DENOVISOR_LAB=1` is added. */
  readonly env?: Readonly<Record<string, string>>;
  /** CPUs of L1, 1 to 64. Default 2. */
  readonly cpus?: number;
  /** Memory of L1 in MiB, at least 512. Default 4096; the host gives it as it is used. */
  readonly memoryMiB?: number;
  /** A directory, made if need be, that the command may write to: `$DENOVISOR_LAB_OUT`. Files keep their bytes here. */
  readonly outDir?: string;
  /** Seconds from the start of L1 after which it is killed. Default: none. */
  readonly timeLimit?: number;
  /** The command gets this process's terminal: keys, window size and all. Default: if there is one at both ends. */
  readonly interactive?: boolean;
  /** A network card with QEMU's user-mode network behind it. Default true. */
  readonly network?: boolean;
  /**
   * Whether the emulated SVM has nested paging. Default false: its emulation (QEMU 7.2) loses L1 or a guest of several
   * vCPUs in one boot of five, for example to an endless page fault at the instruction after VMRUN.
   */
  readonly nestedPaging?: boolean;
  /** L1's kernel, a bzImage with its modules in /lib/modules. Default: Debian's. */
  readonly kernel?: string;
  /** Standard input, where not interactive. Default: empty. */
  readonly stdin?: ReadableStream<Uint8Array>;
  /** Where standard output goes, byte for byte. Default: this process's. Not closed. */
  readonly stdout?: WritableStream<Uint8Array>;
  /** Where standard error goes; with a terminal it is part of standard output. Default: this process's. Not closed. */
  readonly stderr?: WritableStream<Uint8Array>;
  /** Told of downloads and of the start. */
  readonly progress?: Progress;
}

/** The exit status by which a face reports a {@linkcode LabError}: the lab itself failed. */
export const LAB_FAILED = 125;

/** Whether this process runs in the lab. */
export function insideLab(): boolean {
  return Deno.env.get(LAB_VARIABLES.inside) === "1";
}

/**
 * Runs a command in the lab and passes its output on as it comes.
 *
 * Missing parts are fetched first: a stock kernel and busybox by Debian's package manager into the cache, and
 * QEMU, where this process is root. On SIGINT, SIGTERM and SIGHUP the lab ends, and nothing is left of it.
 *
 * @returns The command's exit status, as a shell gives it: 127 for a program that is not there, 128 + N for
 * death by signal N, also for a signal that this process got.
 * @throws {UserError} for options that make no sense.
 * @throws {HostError} where a part is missing and cannot be fetched.
 * @throws {LabError} if the lab itself fails or the time is up; its message has the end of L1's log and its path.
 *
 * @example
 * ```ts no-eval
 * import { runInLab } from "./lab.ts";
 *
 * const status = await runInLab({ command: ["test", "-c", "/dev/kvm"] });
 * console.log(status); // 0
 * ```
 */
export async function runInLab(options: LabOptions): Promise<number> {
  check(options);
  const progress = options.progress ?? silent;
  const interactive = options.interactive ?? hasTerminal();
  const machineOptions = await assemble(options, interactive, progress);
  progress.step(`starting the lab: ${machineOptions.cpus} CPU(s), ${machineOptions.memoryMiB} MiB`);
  await using machine = await LabMachine.start(machineOptions);
  return await converse(machine, {
    interactive,
    timeLimit: options.timeLimit,
    stdin: options.stdin,
    stdout: options.stdout ?? Deno.stdout.writable,
    stderr: options.stderr ?? Deno.stderr.writable,
  });
}

async function assemble(
  options: LabOptions,
  interactive: boolean,
  progress: Progress,
): Promise<LabMachineOptions> {
  const sources = { progress };
  const qemu = await findQemu(sources);
  const kernel =
    await (options.kernel === undefined ? debianKernel(sources) : kernelFromFile(options.kernel));
  if (kernel.modulesDir === undefined) {
    throw new UserError(`${kernel.vmlinuz}: the lab needs its modules in /lib/modules/${kernel.release}`);
  }
  if (options.outDir !== undefined) await Deno.mkdir(options.outDir, { recursive: true });
  const shared = options.outDir !== undefined;
  const initrdData = await labInitrd({
    modulesDir: kernel.modulesDir,
    busybox: await busybox(sources),
    settings: settingsScript({
      ...(interactive ? { terminal: windowSize() } : {}),
      stdin: options.stdin !== undefined,
      shared,
    }),
    command: commandScript(
      options.command,
      options.cwd ?? Deno.cwd(),
      options.env ?? Deno.env.toObject(),
      shared,
    ),
  });
  return {
    qemu,
    cpus: options.cpus ?? 2,
    memoryMiB: options.memoryMiB ?? 4096,
    kernel: await fastestKernel(kernel, progress),
    initrdData,
    network: options.network ?? true,
    nestedPaging: options.nestedPaging ?? false,
    ...(options.outDir === undefined ? {} : { outDir: await Deno.realPath(options.outDir) }),
  };
}

/** The ELF file of the kernel, which starts by PVH at once, where the emulated CPU would unpack a bzImage for 2 s. */
async function fastestKernel(kernel: StockKernel, progress: Progress): Promise<string> {
  try {
    return await kernelElf(kernel.vmlinuz, { progress });
  } catch {
    // An unknown packing, or no xz here: the bzImage unpacks itself.
    return kernel.vmlinuz;
  }
}

function check(options: LabOptions): void {
  if (options.command.length === 0) {
    throw new UserError("the lab needs a command to run", { field: "command" });
  }
  const within = (field: "cpus" | "memoryMiB" | "timeLimit", least: number, most: number) => {
    const number = options[field];
    if (number === undefined || number >= least && number <= most && Number.isInteger(number)) return;
    throw new UserError(`${field} must be a whole number from ${least} to ${most}, not ${number}`, { field });
  };
  within("cpus", 1, 64);
  within("memoryMiB", 512, 1024 * 1024);
  // A timer takes at most 2^31 milliseconds.
  within("timeLimit", 1, 2_000_000);
  if (options.cwd !== undefined && !options.cwd.startsWith("/")) {
    throw new UserError(`cwd must be an absolute path, not ${options.cwd}`, { field: "cwd" });
  }
}

export { LabError };
