/**
 * `denovisor doctor`: what this host can run, and what to do about the rest.
 *
 * @module
 */

import { lazy } from "../../lazy.ts";
import { EXIT } from "../exit_codes.ts";
import type { Command } from "../command.ts";
import { JSON_OPTION } from "../option.ts";
import { print, printJson, say } from "../output.ts";
import { COLOURED, readableWidth, styleFor } from "../style.ts";

/** Examines the host. */
export const doctor: Command = {
  name: "doctor",
  summary: "Examine this host: its KVM, permissions, memory, networks",
  operands: "",
  examples: [
    ["doctor", "each finding with its remedy"],
    ["doctor --report report.md", "one file to share, without names of people or hosts"],
  ],
  notes: ["The exit code is 0 if guests can run here, 3 if not."],
  options: [
    {
      name: "report",
      value: "FILE",
      files: true,
      help: "Write the findings to a new file: Markdown if it ends in .md, else JSON",
    },
    { name: "no-probe", help: "Run no guest code: go by names alone" },
    JSON_OPTION,
  ],
  async execute(args) {
    const { formatDoctor, runDoctor, saveReport } = await lazy<typeof import("../../doctor/mod.ts")>(
      import.meta.resolve("../../doctor/mod.ts"),
    );
    const report = await runDoctor({ probe: !args.has("no-probe") });
    const file = args.value("report");
    if (file !== undefined) {
      await saveReport(report, file);
      if (!args.has("json")) say(`wrote ${file}`);
    }
    if (args.has("json")) {
      printJson(report);
    } else if (file === undefined) {
      const colour = styleFor(Deno.stdout) === COLOURED;
      print(formatDoctor(report, { colour, width: readableWidth(Deno.stdout) }));
    } else {
      print(report.summary);
    }
    return report.verdict.available ? EXIT.OK : EXIT.HOST;
  },
};
