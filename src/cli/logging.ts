/**
 * Diagnostics: LogTape to standard error, loaded only when a level is asked for.
 *
 * @module
 */

import { configure, getLogger, type LogLevel, type LogRecord } from "@logtape/logtape";
import { UserError } from "../errors.ts";
import { suggest } from "../config/suggest.ts";
import { LOG_LEVELS } from "./option.ts";
import { tell } from "./output.ts";

/** What the library reports of a machine. */
export type VmLog = (level: "info" | "warning" | "error", text: string) => void;

/** Logs from `level` on to standard error. Throws UserError for a level that there is not. */
export async function configureLogging(level: string): Promise<void> {
  if (!(LOG_LEVELS as readonly string[]).includes(level)) {
    const meant = suggest(level, LOG_LEVELS);
    throw new UserError(`--log-level: ${JSON.stringify(level)} must be one of ${LOG_LEVELS.join(", ")}`, {
      field: "log-level",
      ...(meant === undefined ? {} : { hint: `Did you mean "${meant}"?` }),
    });
  }
  const lowestLevel = level === "off" ? null : level as LogLevel;
  await configure({
    reset: true,
    sinks: { stderr: (record) => tell(formatRecord(record)) },
    loggers: [
      { category: "denovisor", lowestLevel, sinks: ["stderr"] },
      { category: ["logtape", "meta"], lowestLevel: "warning", sinks: ["stderr"] },
    ],
  });
}

/** A machine's messages as log records of the category `denovisor.vm`. */
export function vmLogger(): VmLog {
  const logger = getLogger(["denovisor", "vm"]);
  // The text is a value, not a template: braces in it are its own.
  return (level, text) => logger[level]("{text}", { text });
}

/** One line: time of day, level, category, message. */
export function formatRecord({ timestamp, level, category, message }: LogRecord): string {
  const time = new Date(timestamp).toISOString().slice(11, 23);
  return `${time} ${level.padEnd(7)} ${category.join(".")}: ${message.map(String).join("")}\n`;
}
