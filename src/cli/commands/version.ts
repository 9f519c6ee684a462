/**
 * `denovisor --version`.
 *
 * @module
 */

import project from "../../../deno.json" with { type: "json" };
import { EXIT } from "../exit_codes.ts";
import type { Command } from "../command.ts";
import { JSON_OPTION } from "../option.ts";
import { print, printJson } from "../output.ts";

/** Shows versions. */
export const version: Command = {
  name: "version",
  summary: "Show the version, also as --version",
  operands: "",
  examples: [["version --json", "for a program"]],
  options: [JSON_OPTION],
  execute(args) {
    const facts = {
      denovisor: project.version,
      deno: Deno.version.deno,
      v8: Deno.version.v8,
      os: Deno.build.os,
      arch: Deno.build.arch,
    };
    if (args.has("json")) printJson(facts);
    else print(`denovisor ${facts.denovisor} (deno ${facts.deno}, ${facts.os} ${facts.arch})`);
    return Promise.resolve(EXIT.OK);
  },
};
