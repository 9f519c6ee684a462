/**
 * A report as a file to share.
 *
 * @module
 */

import { UserError } from "../errors.ts";
import type { DoctorReport, Finding } from "./report.ts";

/** Why a report is worth sharing: shown below every report. */
export const SHARE_PLEA =
  "Denovisor's developers have no machine with Intel VMX. `denovisor doctor --report FILE` writes these findings to a " +
  "file without names of users, hosts or directories: please attach it to an issue, above all if a guest fails here.";

/**
 * The report as the contents of a file: Markdown if the name ends in `.md`, else JSON.
 *
 * Findings name no person and no host. To be sure, `home`, the user's home directory, is replaced where it occurs.
 */
export function reportText(report: DoctorReport, file: string, home?: string): string {
  const text = file.endsWith(".md") ? markdown(report) : `${JSON.stringify(report, null, 2)}\n`;
  return home === undefined || home.length < 2 ? text : text.replaceAll(home, "~");
}

/**
 * Writes {@link reportText} to a new file.
 *
 * @throws {UserError} if the file exists or cannot be written.
 */
export async function saveReport(report: DoctorReport, file: string): Promise<void> {
  const home = Deno.permissions.querySync({ name: "env", variable: "HOME" }).state === "granted"
    ? Deno.env.get("HOME")
    : undefined;
  try {
    await Deno.writeTextFile(file, reportText(report, file, home), { createNew: true });
  } catch (cause) {
    if (cause instanceof Deno.errors.AlreadyExists) {
      throw new UserError(`--report: ${file} exists`, {
        hint: "Give another name, or remove it.",
        field: "report",
      });
    }
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new UserError(`--report: cannot write ${file}: ${why}`, { field: "report", cause });
  }
}

function markdown(report: DoctorReport): string {
  const lines = ["# denovisor doctor", "", report.summary, ""];
  for (const section of report.sections) {
    lines.push(`## ${section.title}`, "", "| | | found |", "|---|---|---|");
    lines.push(...section.findings.map(row), "");
  }
  lines.push(
    "<details><summary>As JSON</summary>",
    "",
    "```json",
    JSON.stringify(report, null, 1),
    "```",
    "",
    "</details>",
  );
  return lines.join("\n") + "\n";
}

function row({ status, title, found }: Finding): string {
  const cell = (text: string) => text.replaceAll("|", "\\|").replaceAll("\n", " ");
  return `| ${status} | ${cell(title)} | ${cell(found)} |`;
}
