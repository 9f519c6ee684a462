/**
 * A stock Linux guest under test: a machine, its console as text, and a deadline on every wait.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { type Outcome, Vm } from "../../mod.ts";
import { USER_SPACE_REACHED } from "../../src/initramfs/demo_init.ts";
import { ConsoleText } from "./console_text.ts";
import { linuxMachine, type LinuxOptions } from "./guest_images.ts";

/** Deadlines in seconds: generous, since the lab's processor is emulated; they bound a failure, not a success. */
const BOOT = 120;
const ANSWER = 40;

/** What `denovisor.report` says. */
export interface Report {
  readonly cpus: number;
  /** MemTotal, in kB. */
  readonly memory: number;
  /** `/proc/cmdline`. */
  readonly cmdlineLength: number;
  readonly cmdlineMd5: string;
  readonly pvpanic: boolean;
}

/** A running guest. Disposal stops it. */
export class Guest implements AsyncDisposable {
  /** COM1. */
  readonly console: ConsoleText;

  private constructor(
    readonly vm: Vm,
    /** Warnings and errors of the machine itself. */
    readonly problems: readonly string[],
  ) {
    this.console = new ConsoleText(vm.console);
  }

  /** Starts a stock kernel. Resolves before its first word. */
  static async start(options: LinuxOptions): Promise<Guest> {
    const problems: string[] = [];
    const log = (level: string, text: string) =>
      void (level === "info" || problems.push(`${level}: ${text}`));
    return new Guest(await Vm.start(linuxMachine(options), { log }), problems);
  }

  /** Starts a stock kernel and waits for its user space. */
  static async boot(options: LinuxOptions): Promise<Guest> {
    const guest = await Guest.start(options);
    try {
      await guest.find(new RegExp(USER_SPACE_REACHED), BOOT);
      return guest;
    } catch (error) {
      await guest.vm.stop();
      throw error;
    }
  }

  /** Waits for a pattern on the console, behind all that was waited for before. A guest that fails says why. */
  async find(pattern: RegExp, seconds = ANSWER): Promise<RegExpExecArray> {
    const failed = Promise.withResolvers<never>();
    this.vm.wait().catch(failed.reject);
    failed.promise.catch(() => {});
    return await Promise.race([this.console.find(pattern, seconds), failed.promise]);
  }

  /** Reads the report of a guest that was asked for one. */
  async report(): Promise<Report> {
    const text = async (pattern: RegExp) => (await this.find(pattern)).slice(1);
    const [cpus] = await text(/^denovisor: cpus (\d+)$/m);
    const [memory] = await text(/^denovisor: memory (\d+) kB$/m);
    const [length, md5] = await text(/^denovisor: cmdline (\d+) ([0-9a-f]{32})$/m);
    const [pvpanic] = await text(/^denovisor: pvpanic (yes|no)$/m);
    return {
      cpus: Number(cpus),
      memory: Number(memory),
      cmdlineLength: Number(length),
      cmdlineMd5: md5!,
      pvpanic: pvpanic === "yes",
    };
  }

  /** Runs a shell command in a guest with the word `denovisor.commands`; returns what it prints. */
  async run(command: string, seconds = ANSWER): Promise<string> {
    await this.#ready();
    await this.console.type(`${command}\n`);
    const [, output, status] = await this.find(/([^]*?)^denovisor: status (\d+)\n/m, seconds);
    assertEquals(status, "0", `${command}: ${output}`);
    return output!;
  }

  /** Lets a guest with the word `denovisor.commands` go on to its end. */
  async quit(): Promise<void> {
    await this.#ready();
    await this.console.type("quit\n");
  }

  /** Waits for the guest's end, and for the last of its console. The machine must have had no problem. */
  async end(seconds = ANSWER): Promise<Outcome> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => late.reject(this.console.missing("end of the guest", `within ${seconds} s`)),
      seconds * 1000,
    );
    try {
      const outcome = await Promise.race([this.vm.wait(), late.promise]);
      await this.console.end();
      if (this.problems.length > 0) {
        throw new Error(`the machine complains:\n${this.problems.join("\n")}`);
      }
      return outcome;
    } finally {
      clearTimeout(timer);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.vm.stop();
    await this.console.end();
  }

  #readiness: Promise<unknown> | undefined;

  #ready(): Promise<unknown> {
    return this.#readiness ??= this.find(/^denovisor: commands ready\n/m);
  }
}
