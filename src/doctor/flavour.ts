/**
 * Which KVM this is: by what it does first, by its name second.
 *
 * @module
 */

import type { Host } from "./host.ts";
import { FLAVOURS, loadedFlavour } from "./modules.ts";
import type { ExitCost } from "./probe/behaviour.ts";
import { type Finding, findings, type Json } from "./report.ts";
import type { Behaviour } from "./verdict.ts";

const { ok, warning, problem } = findings("kvm");

/** How guest code runs, and whose KVM does it. */
export function behaviourFindings(host: Host, behaviour: Behaviour): Finding[] {
  const { speed, instructions, interpretsKernelMode } = behaviour;
  const flavour = loadedFlavour(host);
  const name = flavour === undefined ? "KVM" : `${flavour} (${FLAVOURS[flavour]})`;
  const user = speed.user === undefined ? "" : `, user-mode code at ${perSecond(speed.user)}`;
  const data: Json = {
    module: flavour ?? null,
    kernelInstructionsPerSecond: Math.round(speed.kernel),
    userInstructionsPerSecond: speed.user === undefined ? null : Math.round(speed.user),
  };
  const flavourFinding = interpretsKernelMode
    ? warning(
      "flavour",
      "flavour",
      `${name}: interprets kernel-mode code at ${perSecond(speed.kernel)}${user}`,
      {
        remedy:
          "A host with VMX or SVM runs kernel-mode code natively; in a virtual machine its host must allow nesting.",
        data,
      },
    )
    : ok("flavour", "flavour", `${name}: runs kernel-mode code natively, ${perSecond(speed.kernel)}${user}`, {
      data,
    });
  return [flavourFinding, stockKernels(instructions)];
}

function stockKernels(instructions: Behaviour["instructions"]): Finding {
  const entries = Object.entries(instructions);
  const failing = entries.filter(([, outcome]) => outcome !== "runs" && outcome !== "absent");
  const data: Json = { ...instructions };
  if (failing.length === 0) {
    const names = entries.filter(([, outcome]) => outcome === "runs").map(([name]) => name).join(", ");
    return ok("stock_kernels", "stock kernels", `they can run (tried ${names})`, { data });
  }
  const outcomes = new Set(failing.map(([, outcome]) => outcome));
  const list = outcomes.size === 1
    ? `${failing.map(([name]) => name).join(", ")}: ${[...outcomes][0]}`
    : failing.map(([name, outcome]) => `${name}: ${outcome}`).join(", ");
  return problem(
    "stock_kernels",
    "stock kernels",
    `they cannot run: KVM lacks instructions they need (${list})`,
    {
      remedy: "`denovisor demo` boots one in the lab, a nested machine with hardware semantics; " +
        "`denovisor lab -- COMMAND` runs anything there. The embedded guest (`denovisor run`) runs right here.",
      data,
    },
  );
}

/** What an exit from guest to TypeScript and back costs. */
export function exitCostFinding(cost: ExitCost): Finding {
  const micros = cost.median < 10 ? cost.median.toFixed(2) : cost.median.toFixed(1);
  const beside = cost.median < 4 ? "" : " (VMX and SVM on a bare machine: 1 to 2 µs)";
  return ok("exit_cost", "cost of an exit", `${micros} µs a port write${beside}`, {
    data: { microseconds: Math.round(cost.median * 100) / 100, exits: cost.exits },
  });
}

function perSecond(instructions: number): string {
  const millions = instructions / 1e6;
  if (millions >= 1000) return `${(millions / 1000).toFixed(1)} G instructions/s`;
  return `${millions < 10 ? millions.toFixed(1) : millions.toFixed(0)} M instructions/s`;
}
