/**
 * The machine that figures belong to.
 *
 * @module
 */

/** What decides how fast things are here. */
export interface MachineFacts {
  readonly processor: string;
  readonly processors: number;
  readonly kernel: string;
  /** Which KVM: exits cost ten times as much on some as on others. */
  readonly kvm: string;
  readonly deno: string;
}

/** Reads them. */
export function machineFacts(): MachineFacts {
  const cpuinfo = Deno.readTextFileSync("/proc/cpuinfo");
  return {
    processor: /^model name\s*: (.*)$/m.exec(cpuinfo)?.[1] ?? "an unknown processor",
    processors: navigator.hardwareConcurrency,
    kernel: Deno.osRelease(),
    kvm: ["kvm_pvm", "kvm_intel", "kvm_amd"].find((name) => exists(`/sys/module/${name}`)) ?? "no KVM module",
    deno: Deno.version.deno,
  };
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
