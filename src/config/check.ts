/**
 * Validation: from what a user wrote to a complete configuration, or to one clear error.
 *
 * @module
 */

import type { z } from "zod";
import { UserError } from "../errors.ts";
import { type CheckedConfig, type MachineConfig, MachineSchema } from "./schema.ts";
import { jsonErrorOffset } from "./json_error.ts";
import { suggest } from "./suggest.ts";

/** Fills in defaults and checks everything that can be known without touching a file. Throws UserError. */
export function checkConfig(config: MachineConfig): CheckedConfig {
  // Checked once: compiling a validator for it would cost more than it saves.
  const result = MachineSchema.safeParse(config, { jitless: true });
  if (result.success) return result.data;
  throw issueError(result.error.issues[0]!, config);
}

/** A JSON file's text as a configuration. Throws UserError with line and column where it is no JSON. */
export function parseConfigFile(path: string, text: string): MachineConfig {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    const message = (cause as Error).message;
    throw new UserError(`${path}:${position(text)}: no valid JSON: ${inWords(message)}`, {
      field: "config",
      hint: "Check commas, quotes and brackets at that place.",
      cause,
    });
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    throw new UserError(`${path}: the configuration must be a JSON object, such as {"memory": "512M"}`, {
      field: "config",
    });
  }
  return parsed as MachineConfig;
}

function issueError(issue: z.core.$ZodIssue, config: MachineConfig): UserError {
  if (issue.code === "unrecognized_keys") {
    const key = issue.keys[0]!;
    const known = knownKeys(issue.path);
    const meant = suggest(key, known);
    const field = [...issue.path, key].join(".");
    return new UserError(`${field}: there is no setting "${key}"`, {
      field,
      hint: meant === undefined ? `Known are ${known.join(", ")}.` : `Did you mean "${meant}"?`,
    });
  }
  const field = issue.path.join(".") || "the configuration";
  const given = issue.path.reduce<unknown>(
    (value, key) => (value as Record<PropertyKey, unknown>)?.[key],
    config,
  );
  // Deno.inspect shows whatever a program may have given: JSON has no bigint, and no end for a circle.
  const shown = given === undefined ? "" : `${Deno.inspect(given, { compact: true, depth: 1 })} `;
  return new UserError(`${field}: ${shown}${problem(issue)}`, { field, ...hintFor(issue.path[0]) });
}

/** Settings at a place in the configuration: those of the machine, or those of one entry of a list. */
function knownKeys([list]: readonly PropertyKey[]): string[] {
  if (list === undefined) return Object.keys(MachineSchema.shape);
  const entries = MachineSchema.shape[list as "disks" | "modules"].def.innerType.element;
  return Object.keys(entries.shape);
}

/** What the setting is for. */
function hintFor(key: PropertyKey | undefined): { hint?: string } {
  const setting = MachineSchema.shape[key as keyof typeof MachineSchema.shape];
  return setting?.description === undefined ? {} : { hint: `${String(key)}: ${setting.description}.` };
}

function problem(issue: z.core.$ZodIssue): string {
  if (issue.code === "too_small" && issue.origin !== "string") {
    return `is too small: the least is ${issue.minimum}`;
  }
  if (issue.code === "too_big" && issue.origin !== "string") {
    return `is too many or too large: the most is ${issue.maximum}`;
  }
  if (issue.code === "too_small") return "must not be empty";
  if (issue.code === "invalid_type" && issue.message.startsWith("Invalid input")) {
    return `must be of type ${issue.expected}`;
  }
  if (issue.code === "invalid_value") return `must be one of ${issue.values.join(", ")}`;
  return issue.message;
}

/** "line:column" of the first character that is wrong, both counted from 1. */
function position(text: string): string {
  const before = text.slice(0, jsonErrorOffset(text)).split("\n");
  return `${before.length}:${before.at(-1)!.length + 1}`;
}

/** V8's words without its quotation of the text, which may hold line breaks, and without its own position. */
function inWords(message: string): string {
  return message.replace(/(, (\.\.\.)?".*$| in JSON at position.*$| \(line \d+ column \d+\))/s, "");
}
