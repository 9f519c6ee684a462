/**
 * Programs of the host that some features run.
 *
 * @module
 */

import { howToInstall } from "../debian/distributions.ts";
import type { Host } from "./host.ts";
import { type Finding, findings } from "./report.ts";

const { ok, note } = findings("tools");

interface Tool {
  readonly name: string;
  readonly use: string;
  /** Debian's package with it. */
  readonly package?: string;
}

const QEMU: Tool = { name: "qemu-system-x86_64", use: "the lab", package: "qemu-system-x86" };
const TOOLS: readonly Tool[] = [
  QEMU,
  { name: "apt-get", use: "getting a stock kernel (demo, lab)" },
  { name: "dpkg-deb", use: "unpacking it (demo, lab)", package: "dpkg" },
  { name: "iasl", use: "tests of the ACPI tables", package: "acpica-tools" },
  { name: "gcc", use: "tests of the kernel's interface, and benchmarks", package: "gcc" },
];

/** One finding for each tool. */
export async function toolFindings(host: Host): Promise<Finding[]> {
  const there = await Promise.all(TOOLS.map((tool) => host.hasTool(tool.name)));
  const apt = there[TOOLS.findIndex((tool) => tool.name === "apt-get")] === true;
  return TOOLS.map((tool, i) => {
    if (there[i] === undefined) return note(tool.name, tool.name, `unknown: for ${tool.use}`);
    const found = there[i] ? `there, for ${tool.use}` : `missing: needed for ${tool.use}`;
    const data = there[i] === true;
    return data
      ? ok(tool.name, tool.name, found, { data })
      : note(tool.name, tool.name, found, { ...remedy(tool, apt, host), data });
  });
}

function remedy(tool: Tool, apt: boolean, host: Host): { remedy?: string } {
  if (apt && tool === QEMU && host.uid === 0) return { remedy: "The lab installs it when it is first used." };
  if (apt && tool.package !== undefined) return { remedy: `\`sudo apt-get install ${tool.package}\`.` };
  if (tool === QEMU) return { remedy: `As root:\n${howToInstall("qemu")}` };
  if (tool.name === "apt-get") {
    return {
      remedy: `Have a kernel installed and name it: \`denovisor demo --kernel FILE\`. As root:\n${
        howToInstall("kernel")
      }`,
    };
  }
  return {};
}
