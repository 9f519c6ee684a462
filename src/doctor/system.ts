/**
 * The host beside KVM: processor, kernel, Deno, C library, permissions.
 *
 * @module
 */

import { type Host, PERMISSIONS } from "./host.ts";
import { processorFlags } from "./modules.ts";
import { type Finding, findings } from "./report.ts";

const { ok, note, warning, problem } = findings("host");

/** The Deno that everything is tested with. */
const DENO_TESTED = "2.9.6";

/** Findings on processor, kernel, Deno and C library. */
export function systemFindings(host: Host): Finding[] {
  return [processor(host), kernel(host), deno(host), permissions(host), libc(host)];
}

function processor(host: Host): Finding {
  const cpuinfo = host.text("/proc/cpuinfo");
  if (cpuinfo === undefined) return note("processor", "processors", `${host.processors}, of unknown kind`);
  const field = (name: string) => new RegExp(`^${name}\\s*: (.*)$`, "m").exec(cpuinfo)?.[1]?.trim();
  const flags = processorFlags(host);
  const extension = flags.has("vmx") ? "VMX" : flags.has("svm") ? "SVM" : "neither VMX nor SVM";
  const virtual = flags.has("hypervisor") ? "; this host is itself a virtual machine" : "";
  const model = field("model name") ?? "unknown";
  const found = `${host.processors} × ${model}, ${extension}${virtual}`;
  const data = {
    model,
    vendor: field("vendor_id") ?? null,
    processors: host.processors,
    vmx: flags.has("vmx"),
    svm: flags.has("svm"),
    virtual: flags.has("hypervisor"),
  };
  if (host.processors > 1) return ok("processor", "processors", found, { data });
  return note("processor", "processors", `${found}: vCPUs and devices take turns`, { data });
}

function kernel({ release }: Host): Finding {
  if (release === undefined) return note("kernel", "kernel", "unknown");
  const [major = 0, minor = 0] = release.split(".").map((part) => Number.parseInt(part));
  const data = release;
  // KVM_CAP_IMMEDIATE_EXIT came with 4.12; 5.10 is the oldest long-term kernel that is still maintained.
  if (major > 5 || (major === 5 && minor >= 10)) return ok("kernel", "kernel", release, { data });
  return warning("kernel", "kernel", `${release} is older than what Denovisor is tested with (5.10)`, {
    remedy: "Use a newer kernel if something fails.",
    data,
  });
}

function deno({ versions }: Host): Finding {
  const data = { ...versions };
  const found = `${versions.deno} (V8 ${versions.v8})`;
  const [major = 0, minor = 0] = versions.deno.split(".").map(Number);
  const [testedMajor = 0, testedMinor = 0] = DENO_TESTED.split(".").map(Number);
  if (major > testedMajor || (major === testedMajor && minor >= testedMinor)) {
    return ok("deno", "Deno", found, { data });
  }
  return warning("deno", "Deno", `${found} is older than the version tested, ${DENO_TESTED}`, {
    remedy: `\`deno upgrade\`, or \`npx --yes deno@${DENO_TESTED} …\`.`,
    data,
  });
}

function permissions(host: Host): Finding {
  const missing = PERMISSIONS.filter((name) => !host.permitted(name));
  if (missing.length === 0) return ok("permissions", "Deno's permissions", "all");
  const found = `not given in full: ${missing.join(", ")}; parts of this report may be blank`;
  const remedy =
    "`deno run -A …`: code that may call the kernel is not confined by the other permissions anyway.";
  return (missing.includes("ffi") ? problem : note)("permissions", "Deno's permissions", found, { remedy });
}

function libc(host: Host): Finding {
  const version = host.libc();
  if (version !== undefined) return ok("libc", "C library", version, { data: version });
  return note("libc", "C library", "unknown (no libc.so.6, or no permission to load it)");
}
