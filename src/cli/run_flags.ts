/**
 * The flags of `run`, made from the schema of a machine's configuration, and back from flags to a configuration.
 *
 * @module
 */

import type { z } from "zod";
import { type MachineConfig, MachineSchema } from "../config/schema.ts";
import type { Arguments } from "./arguments.ts";
import { wholeNumber } from "./numbers.ts";
import type { Option } from "./option.ts";

type Key = keyof typeof MachineSchema.shape;

/** What the schema does not say of a flag: how it looks on a command line. */
type Look = Partial<Omit<Option, "repeatable">>;

/** A key of the schema that is missing here does not compile. */
const LOOKS: Readonly<Record<Key, Look>> = {
  kernel: { value: "FILE", files: true, group: "What boots" },
  initrd: { value: "FILE", files: true, group: "What boots" },
  cmdline: { value: "TEXT", alias: "append", group: "What boots" },
  protocol: { value: "NAME", group: "What boots" },
  modules: { name: "module", value: "'FILE TEXT'", files: true, group: "What boots" },
  disks: {
    name: "disk",
    value: "FILE[,ro][,KEY=VALUE]",
    files: true,
    group: "The machine",
  },
  memory: { value: "SIZE", short: "m", group: "The machine" },
  cpus: { value: "COUNT", short: "c", group: "The machine" },
  serial: {
    value: "TARGET",
    group: "The machine",
    // `stream` is for programs only.
    help: "Where COM1 leads, then COM2 and so on: stdio, null, pty, file:PATH or unix:PATH",
    choices: ["stdio", "null", "pty", "file:", "unix:"],
    defaultText: "stdio",
  },
  transport: { value: "NAME", group: "The machine" },
  debugConsole: { group: "The machine" },
  debugExit: { group: "The machine" },
  trace: { value: "WHAT", group: "Looking in" },
};

/** A flag that sets a key of the configuration. */
export interface ConfigFlag {
  readonly key: Key;
  readonly kind: "text" | "number" | "switch" | "list" | "objects";
  readonly option: Option;
}

/** The flags, in the schema's order. */
export function configFlags(): readonly ConfigFlag[] {
  return (Object.keys(MachineSchema.shape) as Key[]).map((key) => {
    const schema = MachineSchema.shape[key] as z.core.$ZodTypes;
    const { kind, choices, defaultText } = describe(schema);
    const option: Option = {
      name: kebab(key),
      help: MachineSchema.shape[key].description ?? "",
      ...(kind === "list" || kind === "objects" ? { repeatable: true } : {}),
      ...(choices === undefined ? {} : { choices }),
      ...(defaultText === undefined ? {} : { defaultText }),
      ...LOOKS[key],
    };
    return { key, kind, option };
  });
}

/** The configuration that flags make, on top of one from a file. Nothing but the flags' form is checked. */
export function configFrom(
  args: Arguments,
  flags: readonly ConfigFlag[],
  base: MachineConfig = {},
): MachineConfig {
  const config: Record<string, unknown> = { ...base };
  for (const { key, kind, option: { name } } of flags) {
    if (!args.has(name)) continue;
    const text = args.value(name)!;
    if (kind === "switch") config[key] = true;
    else if (kind === "text") config[key] = text;
    else if (kind === "number") config[key] = wholeNumber(name, text);
    else if (kind === "list") config[key] = args.all(name);
    else config[key] = args.all(name).map(key === "disks" ? diskOf : moduleOf);
  }
  return config as MachineConfig;
}

/** `FILE`, then settings by comma: `ro`, or a key of the schema with its value. What they are, the schema judges. */
function diskOf(text: string): Record<string, unknown> {
  const [path, ...settings] = text.split(",");
  const disk: Record<string, unknown> = { path };
  for (const setting of settings) {
    const [key, value] = setting.split("=", 2) as [string, string | undefined];
    if (key === "ro" && value === undefined) disk.readOnly = true;
    else if (key === "queues") disk.queues = wholeNumber("disk", value ?? "");
    else disk[key] = value ?? true;
  }
  return disk;
}

/** `FILE` or `FILE COMMAND LINE`. */
function moduleOf(text: string): { path: string; cmdline?: string } {
  const space = text.indexOf(" ");
  return space < 0 ? { path: text } : { path: text.slice(0, space), cmdline: text.slice(space + 1) };
}

function describe(
  schema: z.core.$ZodTypes,
): { kind: ConfigFlag["kind"]; choices?: readonly string[]; defaultText?: string } {
  const { def } = schema._zod;
  switch (def.type) {
    case "optional":
      return describe(def.innerType as z.core.$ZodTypes);
    case "default":
    case "prefault": {
      const { defaultValue } = def;
      const inner = describe(def.innerType as z.core.$ZodTypes);
      const tells = (typeof defaultValue === "string" && defaultValue !== "") ||
        typeof defaultValue === "number";
      return tells ? { ...inner, defaultText: String(defaultValue) } : inner;
    }
    case "pipe":
      return describe(def.in as z.core.$ZodTypes);
    case "array": {
      const element = def.element as z.core.$ZodTypes;
      if (element._zod.def.type === "object") return { kind: "objects" };
      return { ...describe(element), kind: "list" };
    }
    case "enum":
      return { kind: "text", choices: Object.values(def.entries).map(String) };
    case "boolean":
      return { kind: "switch" };
    case "number":
      return { kind: "number" };
    default:
      return { kind: "text" };
  }
}

function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
