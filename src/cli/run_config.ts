/**
 * From the arguments of `run` to a machine's configuration.
 *
 * @module
 */

import { lazy } from "../lazy.ts";
import { parseConfigFile } from "../config/check.ts";
import type { MachineConfig } from "../config/schema.ts";
import { UserError } from "../errors.ts";
import type { Arguments } from "./arguments.ts";
import { type ConfigFlag, configFrom } from "./run_flags.ts";

/** An operand that may be an image's name; whether it is one, `run_image.ts` knows. */
const NAME_OF_IMAGE = /^[^/.][^/]*$/;

/** The settings of a run, and where each came from. */
export class RunRequest {
  /** The machine of an image, where the operand names one. */
  #image: MachineConfig | undefined;

  private constructor(
    private readonly args: Arguments,
    private readonly flags: readonly ConfigFlag[],
    private readonly file: { readonly path: string; readonly config: MachineConfig } | undefined,
  ) {}

  /** Reads the configuration file, if there is one. Throws UserError. */
  static async read(args: Arguments, flags: readonly ConfigFlag[]): Promise<RunRequest> {
    const request = await RunRequest.#fromFile(args, flags);
    const [operand] = args.operands;
    if (operand === undefined || args.has("kernel") || !NAME_OF_IMAGE.test(operand)) return request;
    const { imageMachine, isImageName } = await lazy<typeof import("./run_image.ts")>(
      import.meta.resolve("./run_image.ts"),
    );
    if (await isImageName(operand)) request.#image = await imageMachine(operand, request.#settings());
    return request;
  }

  static async #fromFile(args: Arguments, flags: readonly ConfigFlag[]): Promise<RunRequest> {
    const path = args.value("config");
    if (path === undefined) return new RunRequest(args, flags, undefined);
    let text: string;
    try {
      text = await Deno.readTextFile(path);
    } catch (cause) {
      if (cause instanceof Deno.errors.NotCapable) throw cause;
      throw new UserError(`--config: cannot read ${path}: ${(cause as Error).message}`, {
        field: "config",
        cause,
      });
    }
    return new RunRequest(args, flags, { path, config: parseConfigFile(path, text) });
  }

  /** What the machine is started with: the file's settings, and the flags over them. Throws UserError. */
  config(): MachineConfig {
    return withConsole(this.#image ?? withKernel(this.#settings(), this.args));
  }

  #settings(): MachineConfig {
    return configFrom(this.args, this.flags, this.file?.config);
  }

  /** An error about a setting, said with the flag or the file that it was given by. */
  async inUsersWords(error: unknown): Promise<unknown> {
    const { nameOrigin } = await lazy<typeof import("./origin.ts")>(
      import.meta.resolve("./origin.ts"),
    );
    return nameOrigin(error, (field) => {
      const key = field.split(".")[0]!;
      const flag = this.flags.find((flag) => flag.key === key)?.option.name;
      if (flag !== undefined && this.args.has(flag)) return `--${flag}`;
      return this.file && `${this.file.path}: ${field}`;
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
