/**
 * `denovisor image …`: root disks to run.
 *
 * @module
 */

import { lazy } from "../../lazy.ts";
import { parseMemorySize } from "../../config/memory_size.ts";
import { suggest } from "../../config/suggest.ts";
import { UserError } from "../../errors.ts";
import type { Arguments } from "../arguments.ts";
import type { Command } from "../command.ts";
import { JSON_OPTION, type Option } from "../option.ts";
import { nameOrigin } from "../origin.ts";

/** What the first words can be, with the operands and flags that go with them. */
const ACTIONS = {
  "build debian": {
    operands: [],
    flags: ["name", "size", "suite", "package", "ssh-key", "mirror", "rebuild"],
  },
  "build oci-layout": { operands: ["DIRECTORY"], flags: ["name", "size", "init", "rebuild"] },
  "build oci-archive": { operands: ["FILE"], flags: ["name", "size", "init", "rebuild"] },
  "ls": { operands: [], flags: [] },
  "info": { operands: ["NAME|PATH"], flags: [] },
  "rm": { operands: ["NAME"], flags: [] },
  "resize": { operands: ["NAME|PATH", "SIZE"], flags: [] },
} as const;
type Action = keyof typeof ACTIONS;

const BUILD = "Flags of build";
const OPTIONS: readonly Option[] = [
  {
    name: "name",
    group: BUILD,
    value: "NAME",
    help: "What the image is called: by default debian, or as the OCI image's file",
  },
  {
    name: "size",
    group: BUILD,
    value: "SIZE",
    help: "Size of the disk; the host's disk has what is in it",
    defaultText: "4G",
  },
  {
    name: "suite",
    group: BUILD,
    value: "SUITE",
    help: "Which Debian: bookworm, trixie, stable, sid",
    defaultText: "bookworm",
  },
  { name: "package", group: BUILD, value: "NAME", repeatable: true, help: "A Debian package to add" },
  {
    name: "ssh-key",
    group: BUILD,
    value: "FILE",
    files: true,
    repeatable: true,
    help: "A public key for root; without one, a pair is made beside the disk",
  },
  {
    name: "mirror",
    group: BUILD,
    value: "URL",
    help: "Archive to build from; by default that of this host's own package manager",
  },
  {
    name: "init",
    group: BUILD,
    value: "PROGRAM",
    help: "First process of an OCI image, such as /sbin/init, instead of one that runs its entrypoint",
  },
  { name: "rebuild", group: BUILD, help: "Replace an image of that name, with all that is on its disk" },
  JSON_OPTION,
];

/** Builds, lists, examines, enlarges and removes images. */
export const image: Command = {
  name: "image",
  summary: "Build and keep root disks, such as a Debian with systemd",
  operands: "ACTION [OPERAND...]",
  maxOperands: 3,
  choices: [...new Set(Object.keys(ACTIONS).flatMap((action) => action.split(" ")))],
  files: true,
  examples: [
    ["image build debian", "a Debian with systemd and sshd"],
    ["image build debian --name web --suite trixie --package nginx", "another one"],
    ["image build oci-archive nginx.tar", "a container image: its program is the machine's"],
    ["image ls", "what there is"],
    ["image info debian", "its files, size, kernel; or those of a disk: info PATH"],
    ["image resize debian 20G", "a larger disk"],
    ["image rm debian", "away with it"],
  ],
  notes: [
    "Images are in the cache ($DENOVISOR_CACHE, else ~/.cache/denovisor), in images/NAME: the disk, which is one " +
    "ext4 file system without a partition table, the kernel and the initramfs, which Denovisor loads itself.",
    "Debian is built by mmdebstrap, without root where this host lets users have their own namespaces. On its console " +
    "root is logged in without a password; over ssh only a key opens it.",
    "A container image is read as skopeo and others write it: skopeo copy docker://nginx oci-archive:nginx.tar. Its " +
    "program runs on the console, on Debian's kernel; where it ends, the machine powers off.",
    "An image that is there already from the same flags is not built again.",
  ],
  options: OPTIONS,
  async execute(args) {
    const { action, operands: [first = "", second = ""] } = chosenAction(args);
    const commands = await lazy<typeof import("../image_actions.ts")>(
      import.meta.resolve("../image_actions.ts"),
    );
    const json = args.has("json");
    try {
      switch (action) {
        case "build debian":
          return await commands.build(debianRequest(args), json);
        case "build oci-layout":
        case "build oci-archive": {
          const format = action === "build oci-layout" ? "oci-layout" : "oci-archive";
          return await commands.build({ format, path: first, ...ociRequest(args, first) }, json);
        }
        case "ls":
          return await commands.list(json);
        case "info":
          return await commands.info(first, json);
        case "rm":
          return await commands.remove(first);
        case "resize":
          return await commands.resize(first, diskSize("SIZE", second), json);
      }
    } catch (error) {
      throw nameOrigin(
        error,
        (field) => OPTIONS.some(({ name }) => name === field) ? `--${field}` : undefined,
      );
    }
  },
};

/** The action, with as many operands as it takes and no flag of another. Throws UserError. */
export function chosenAction(args: Arguments): { action: Action; operands: readonly string[] } {
  const actions = Object.keys(ACTIONS) as Action[];
  const words = args.operands;
  const action = actions.find((name) => name.split(" ").every((word, i) => words[i] === word));
  if (action === undefined) throw unknownAction(words, actions);
  const { operands: wanted, flags } = ACTIONS[action];
  const operands = words.slice(action.split(" ").length);
  if (operands.length !== wanted.length) {
    const surplus = operands[wanted.length];
    throw new UserError(
      surplus === undefined
        ? `image ${action} needs ${wanted[operands.length]}`
        : `${JSON.stringify(surplus)} is one word too many`,
      { hint: `Usage: ${["denovisor image", action, ...wanted].join(" ")}` },
    );
  }
  const foreign = OPTIONS.find(({ name, group }) =>
    group === BUILD && args.has(name) && !flags.some((flag) => flag === name)
  );
  if (foreign === undefined) return { action, operands };
  throw new UserError(`--${foreign.name} does not go with image ${action}`, { field: foreign.name });
}

function unknownAction([first, second]: readonly string[], actions: readonly Action[]): UserError {
  const isFirst = actions.some((action) => action.split(" ")[0] === first);
  const word = isFirst ? second : first;
  const known = actions.filter((action) => !isFirst || action.startsWith(`${first} `))
    .map((action) => action.split(" ")[isFirst ? 1 : 0]!);
  const command = isFirst ? `image ${first}` : "image";
  const meant = word === undefined ? undefined : suggest(word, known);
  return new UserError(
    word === undefined ? `${command}: what is to be done?` : `${command}: unknown ${JSON.stringify(word)}`,
    {
      hint: meant === undefined ? `There are ${[...new Set(known)].join(", ")}.` : `Did you mean "${meant}"?`,
    },
  );
}

/** What `image build debian` is told by flags. Throws UserError. */
export function debianRequest(args: Arguments) {
  const mirror = args.value("mirror");
  return {
    name: args.value("name") ?? "debian",
    suite: args.value("suite") ?? "bookworm",
    packages: args.all("package"),
    sshKeys: args.all("ssh-key"),
    ...common(args),
    ...(mirror === undefined ? {} : { mirror }),
  };
}

/** What `image build oci-…` is told by flags, and by the file's name. Throws UserError. */
export function ociRequest(args: Arguments, path: string) {
  const init = args.value("init");
  const name = args.value("name") ?? nameFrom(path);
  return { name, ...common(args), ...(init === undefined ? {} : { init }) };
}

function common(args: Arguments) {
  return { size: diskSize("--size", args.value("size") ?? "4G"), rebuild: args.has("rebuild") };
}

/** `./Nginx_1.25.tar` is called nginx_1.25. */
function nameFrom(path: string): string {
  const file = path.replace(/\/+$/, "").split("/").at(-1)!.replace(/\.tar$/, "");
  return file.toLowerCase().replaceAll(/[^a-z0-9._-]+/g, "-").replace(/^[^a-z0-9]+/, "");
}

function diskSize(where: string, text: string): number {
  const bytes = parseMemorySize(text);
  if (bytes !== undefined) return bytes;
  throw new UserError(`${where}: ${JSON.stringify(text)} is no size of a disk`, {
    field: "size",
    hint: 'Write a number and a unit, for example "4G".',
  });
}
