/**
 * The lab's machine as a process: QEMU, the sockets of its ports, and a directory of temporary files.
 *
 * @module
 */

import { join } from "@std/path";
import { HostError } from "../errors.ts";
import { type MachineOptions, type PortName, PORTS, qemuArguments } from "./qemu.ts";
import type { SessionMachine } from "./session.ts";

/** The lab itself failed; the command's outcome is not known. */
export class LabError extends HostError {}

/** L1's kernel messages: in the shared directory, where there is one, else among the temporary files. */
const LOG_NAME = "l1.log";
const INITRD_NAME = "initrd";
/** Lines of L1's log that an error shows. */
const LOG_TAIL_LINES = 15;
/** Longest path of a unix socket on Linux with its NUL (`uapi/linux/un.h`, UNIX_PATH_MAX). */
const UNIX_PATH_MAX = 108;

/** Parts that the caller provides; the rest of {@linkcode MachineOptions} is the machine's own business. */
export type LabMachineOptions = Omit<MachineOptions, "initrd" | "sockets" | "log"> & {
  /** Path of QEMU. */
  readonly qemu: string;
  readonly initrdData: Uint8Array;
};

interface MachineParts {
  readonly directory: string;
  readonly log: string;
  readonly child: Deno.ChildProcess;
  readonly ports: ReadonlyMap<PortName, Deno.Conn>;
  /** All that QEMU says on standard error. */
  readonly complaints: Promise<string>;
}

/** A running lab machine. Disposal kills QEMU and removes what it left. */
export class LabMachine implements SessionMachine, AsyncDisposable {
  readonly #parts: MachineParts;
  #keepLog = false;

  private constructor(parts: MachineParts) {
    this.#parts = parts;
  }

  /**
   * Starts QEMU and waits until its ports are joined to us, which is before its first instruction.
   *
   * @throws {LabError} if QEMU does not come up.
   */
  static async start(options: LabMachineOptions): Promise<LabMachine> {
    const { qemu, initrdData, ...rest } = options;
    const directory = await socketDirectory();
    const listeners = new Map<PortName, Deno.Listener>();
    try {
      // Only we may read it: the environment is in it.
      const initrd = join(directory, INITRD_NAME);
      await Deno.writeFile(initrd, initrdData, { mode: 0o600 });
      for (const name of PORTS) {
        listeners.set(name, Deno.listen({ transport: "unix", path: join(directory, name) }));
      }
      const log = join(options.outDir ?? directory, LOG_NAME);
      await Deno.writeFile(log, new Uint8Array());
      const args = qemuArguments({ ...rest, initrd, sockets: directory, log });
      const child = new Deno.Command(qemu, { args, stdin: "null", stdout: "null", stderr: "piped" }).spawn();
      const complaints = new Response(child.stderr).text();
      const early = child.status.then(async ({ code }) => {
        throw new LabError(`QEMU ended at once (code ${code}): ${(await complaints).trim()}`);
      });
      const accepted = Promise.all([...listeners].map(async ([name, listener]) => {
        return [name, await listener.accept()] as const;
      }));
      // Whichever loses the race fails later, unheard.
      early.catch(() => {});
      accepted.catch(() => {});
      const ports = new Map(await Promise.race([accepted, early]));
      return new LabMachine({ directory, log, child, ports, complaints });
    } catch (error) {
      await Deno.remove(directory, { recursive: true }).catch(() => {});
      throw error;
    } finally {
      for (const listener of listeners.values()) listener.close();
    }
  }

  /** The host's end of a port. */
  port(name: PortName): Deno.Conn {
    return this.#parts.ports.get(name)!;
  }

  /** L1 runs: its initramfs is no longer needed on the disk, and the environment in it is best gone. */
  started(): void {
    Deno.remove(join(this.#parts.directory, INITRD_NAME)).catch(() => {});
  }

  /** Settles when QEMU has ended, however. */
  get ended(): Promise<unknown> {
    return this.#parts.child.status;
  }

  /** Ends QEMU without ceremony: all that it has is lost by design. */
  kill(): void {
    try {
      this.#parts.child.kill("SIGKILL");
    } catch {
      // It has ended already.
    }
  }

  /** An error that shows the end of L1's log and keeps the log for a closer look. */
  async failure(reason: string): Promise<LabError> {
    this.#keepLog = true;
    this.kill();
    const complaints = (await this.#parts.complaints).trim();
    const path = this.#parts.log;
    const lines = (await Deno.readTextFile(path)).replaceAll("\r", "").trimEnd().split("\n");
    const tail = lines.slice(-LOG_TAIL_LINES).map((line) => `  ${line}`).join("\n");
    const qemu = complaints === "" ? "" : `\nQEMU says: ${complaints}`;
    return new LabError(`the lab failed: ${reason}${qemu}\nThe end of its log, ${path}:\n${tail}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill();
    await this.#parts.child.status;
    for (const port of this.#parts.ports.values()) {
      try {
        port.close();
      } catch {
        // Its stream closed it.
      }
    }
    if (!this.#keepLog) return await Deno.remove(this.#parts.directory, { recursive: true });
    for (const name of [...PORTS, INITRD_NAME]) {
      await Deno.remove(join(this.#parts.directory, name)).catch(() => {});
    }
  }
}

/** A fresh directory whose path leaves room for a socket's name. */
async function socketDirectory(): Promise<string> {
  const directory = await Deno.makeTempDir({ prefix: "denovisor-lab-" });
  const longest = Math.max(...PORTS.map((name) => join(directory, name).length));
  if (longest < UNIX_PATH_MAX) return directory;
  await Deno.remove(directory);
  return await Deno.makeTempDir({ dir: "/tmp", prefix: "denovisor-lab-" });
}
