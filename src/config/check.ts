/**
 * Validation: from what a user wrote to a complete configuration, or to one clear error.
 *
 * @module
 */

import type { z } from "zod";
import { UserError } from "../errors.ts";
import { type CheckedConfig, type MachineConfig, MachineSchema } from "./schema.ts";
import { suggest } from "./suggest.ts";

/** Fills in defaults and checks everything that can be known without touching a file. Throws UserError. */
export function checkConfig(config: MachineConfig): CheckedConfig {
  const result = MachineSchema.safeParse(config);
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
    throw new UserError(`${path}:${position(message, text)}: no valid JSON: ${withoutPosition(message)}`, {
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
    const meant = suggest(key, Object.keys(MachineSchema.shape));
    const field = [...issue.path, key].join(".");
    return new UserError(`${field}: there is no such setting`, {
      field,
      hint: meant === undefined
        ? `Known settings: ${Object.keys(MachineSchema.shape).join(", ")}.`
        : `Did you mean "${meant}"?`,
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

/** What the setting is for. */
function hintFor(key: PropertyKey | undefined): { hint?: string } {
  const setting = MachineSchema.shape[key as keyof typeof MachineSchema.shape];
  return setting?.description === undefined ? {} : { hint: `${String(key)}: ${setting.description}.` };
}

function problem(issue: z.core.$ZodIssue): string {
  if (issue.code === "too_small" && issue.origin !== "string") {
    return `is too small: the least is ${issue.minimum}`;
  }
  if (issue.code === "too_big") return `is too many or too large: the most is ${issue.maximum}`;
  if (issue.code === "too_small") return "must not be empty";
  if (issue.code === "invalid_type" && issue.message.startsWith("Invalid input")) {
    return `must be of type ${issue.expected}`;
  }
  if (issue.code === "invalid_value") return `must be one of ${issue.values.join(", ")}`;
  return issue.message;
}

/** "line:column" out of V8's message, or of the end of the text where the message has none. */
function position(message: string, text: string): string {
  const at = /\(line (\d+) column (\d+)\)/.exec(message);
  if (at !== null) return `${at[1]}:${at[2]}`;
  const lines = text.split("\n");
  return `${lines.length}:${lines.at(-1)!.length + 1}`;
}

function withoutPosition(message: string): string {
  return message.replace(/ in JSON at position.*$/, "").replace(/ \(line \d+ column \d+\)/, "");
}
