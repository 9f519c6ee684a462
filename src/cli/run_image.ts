/**
 * `denovisor run NAME`: the machine of an image that was built here.
 *
 * @module
 */

import type { MachineConfig } from "../config/schema.ts";
import { UserError } from "../errors.ts";
import { findImage, type StoreOptions } from "../images/mod.ts";

/** RAM where none is asked for: a distribution with systemd wants more than a kernel. */
const MEMORY = "1G";

/** A name as images have them, and not a path. */
const NAME = /^[a-z0-9][a-z0-9._-]*$/;

/** Whether an operand of `run` can only be an image's name: it looks like one, and no file is called so. */
export async function isImageName(operand: string): Promise<boolean> {
  return NAME.test(operand) && !await Deno.stat(operand).then(() => true, () => false);
}

/**
 * An image's machine under the settings of the user: those that are given stay, disks come behind the image's own, and
 * words of the command line behind its words.
 *
 * @throws {UserError} if there is no such image
 */
export async function imageMachine(
  name: string,
  given: MachineConfig,
  store: StoreOptions = {},
): Promise<MachineConfig> {
  const image = await findImage(name, store);
  if (image === undefined) {
    throw new UserError(`there is neither a file nor an image called ${name}`, {
      field: "kernel",
      hint: name === "debian"
        ? "Build it first: denovisor image build debian"
        : "`denovisor image ls` lists the images that are here.",
    });
  }
  const { kernel, initrd, disk, commandLine } = image;
  const cmdline = given.cmdline === undefined ? commandLine : `${commandLine} ${given.cmdline}`;
  return {
    memory: MEMORY,
    kernel,
    initrd,
    ...given,
    cmdline,
    disks: [{ path: disk, format: "raw" }, ...given.disks ?? []],
  };
}
