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
 * @returns undefined if there is no such image: the name is a file's then
 * @throws {UserError} if it is one that everybody can build
 */
export async function imageMachine(
  name: string,
  given: MachineConfig,
  store: StoreOptions = {},
): Promise<MachineConfig | undefined> {
  const image = await findImage(name, store);
  if (image === undefined) {
    if (name !== "debian") return undefined;
    throw new UserError("the image debian has not been built here", {
      field: "kernel",
      hint: "Build it first, which takes a minute or two: denovisor image build debian",
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
