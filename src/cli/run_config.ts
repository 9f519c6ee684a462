/**
 * From the arguments of `run` to a machine's configuration.
 *
 * @module
 */

import { parseConfigFile } from "../config/check.ts";
import type { MachineConfig } from "../config/schema.ts";
import { UserError } from "../errors.ts";
import type { Arguments } from "./arguments.ts";
import { configFrom, type ConfigFlag } from "./run_flags.ts";

/** Where the settings of a run came from, for errors in the user's words. */
export class RunRequest {
  /** What the machine is started with. */
  readonly config: MachineConfig;
  readonly #file: string | undefined;

  private constructor(
    private readonly args: Arguments,
    private readonly flags: readonly ConfigFlag[],
    file: { readonly path: string; readonly config: MachineConfig } | undefined,
  ) {
    this.#file = file?.path;
    this.config = withConsole(withKernel(configFrom(args, flags, file?.config), args));
  }

  /** Reads the configuration file, if there is one, and lays the flags over it. Throws UserError. */
  static async read(args: Arguments, flags: readonly ConfigFlag[]): Promise<RunRequest> {
    const path = args.value("config");
    if (path === undefined) return new RunRequest(args, flags, undefined);
    let text: string;
    try {
      text = await Deno.readTextFile(path);
    } catch (cause) {
      if (cause instanceof Deno.errors.NotCapable) throw cause;
      throw new UserError(`--config: cannot read ${path}: ${(cause as Error).message}`, { field: "config", cause });
    }
    return new RunRequest(args, flags, { path, config: parseConfigFile(path, text) });
  }

  /** An error about a setting, said with the flag or the file that it was given by. */
  inUsersWords(error: unknown): unknown {
    if (!(error instanceof UserError) || error.field === undefined) return error;
    const key = error.field.split(".")[0]!;
    const flag = this.flags.find((flag) => flag.key === key);
    const given = flag !== undefined && this.args.has(flag.option.name);
    const place = given ? `--${flag.option.name}` : this.#file && `${this.#file}: ${error.field}`;
    if (place === undefined || !error.message.startsWith(`${error.field}: `)) return error;
    return new UserError(`${place}: ${error.message.slice(error.field.length + 2)}`, {
      field: error.field,
      cause: error.cause,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
    });
  }
}

function withKernel(config: MachineConfig, args: Arguments): MachineConfig {
  const [kernel] = args.operands;
  if (kernel === undefined) return config;
  if (args.has("kernel")) {
    throw new UserError(`the kernel was given twice: ${kernel} and --kernel ${args.value("kernel")}`, {
      field: "kernel",
    });
  }
  return { ...config, kernel };
}

/** Makes the port that leads to this process's standard streams one of the library's streams. */
function withConsole(config: MachineConfig): MachineConfig {
  const serial = config.serial ?? ["stdio"];
  // A file can hold anything here; what is no list of texts is for the schema to judge.
  if (!Array.isArray(serial)) return config;
  const stdio = serial.filter((target) => target === "stdio").length;
  if (stdio > 1) {
    throw new UserError(`serial: ${stdio} ports cannot share standard input and output`, {
      field: "serial",
      hint: "Give stdio once, and null, pty, file:PATH or unix:PATH for the others.",
    });
  }
  if (serial.includes("stream")) {
    throw new UserError('serial: "stream" is for programs that use the library', {
      field: "serial",
      hint: "On the command line it is stdio.",
    });
  }
  return { ...config, serial: serial.map((target) => target === "stdio" ? "stream" : target) };
}
