/**
 * KVM's modules and their parameters, as `/sys/module` shows them.
 *
 * @module
 */

import { CAP } from "../../ffi/uapi/kvm_constants.ts";
import type { Host } from "./host.ts";
import type { KvmDevice } from "./probe/machine.ts";
import { type Finding, findings, type Json } from "./report.ts";

const { ok, note, warning } = findings("kvm");

/** Modules that drive the processor for `kvm`; a built-in one is listed as well. */
export const FLAVOURS = {
  kvm_intel: "Intel VMX",
  kvm_amd: "AMD SVM",
  kvm_pvm: "without VMX or SVM",
} as const;
/** Name of such a module. */
export type Flavour = keyof typeof FLAVOURS;

/** The module at work. Kernels with all of them built in list them all; then the processor's own decides. */
export function loadedFlavour(host: Host): Flavour | undefined {
  const names = Object.keys(FLAVOURS) as Flavour[];
  const there = names.filter((name) => host.stat(`/sys/module/${name}`) !== undefined);
  const flags = processorFlags(host);
  const fits = (name: Flavour) => name === "kvm_pvm" || flags.has(name === "kvm_intel" ? "vmx" : "svm");
  return there.find(fits) ?? there[0];
}

/** Feature flags of the first processor, by Linux's names. */
export function processorFlags(host: Host): Set<string> {
  const flags = /^flags\s*: (.*)$/m.exec(host.text("/proc/cpuinfo") ?? "")?.[1] ?? "";
  return new Set(flags.split(" "));
}

/** Whether guests can run guests of their own. */
export function nestedFinding(host: Host, kvm: KvmDevice): Finding {
  const flavour = loadedFlavour(host);
  const parameter = host.text(`/sys/module/${flavour}/parameters/nested`)?.trim();
  const data: Json = { parameter: parameter ?? null, state: kvm.checkExtension(CAP.NESTED_STATE) };
  const title = "nested virtualization";
  if (parameter === "1" || parameter === "Y") {
    return ok("nested", title, "on: guests can have a /dev/kvm of their own", { data });
  }
  if (parameter === undefined) {
    return note("nested", title, "not offered: guests have no /dev/kvm of their own", { data });
  }
  return note("nested", title, "off: guests have no /dev/kvm of their own", {
    remedy: `With no VM running: \`sudo modprobe -r ${flavour} && sudo modprobe ${flavour} nested=1\`.`,
    data,
  });
}

/** Parameters of the processor's module that decide how memory and real mode work; where it has them. */
const PAGING = {
  kvm_intel: { nested: "ept", real: "unrestricted_guest" },
  kvm_amd: { nested: "npt", real: undefined },
} as const;

/** Whether the processor itself walks guest page tables, and runs real mode. Only where there is VMX or SVM. */
export function pagingFindings(host: Host): Finding[] {
  const flavour = loadedFlavour(host);
  if (flavour === undefined || flavour === "kvm_pvm") return [];
  const parameter = (name: string) => host.text(`/sys/module/${flavour}/parameters/${name}`)?.trim();
  const { nested, real } = PAGING[flavour];
  const on = (value: string | undefined) => value === "Y" || value === "1";
  const paging = parameter(nested), realMode = real === undefined ? undefined : parameter(real);
  const found: Finding[] = [];
  if (paging !== undefined) {
    found.push(
      on(paging)
        ? ok("paging", "nested paging", `on (${nested})`, { data: true })
        : warning("paging", "nested paging", `off (${nested}=${paging}): memory of guests is slow`, {
          data: false,
        }),
    );
  }
  if (realMode !== undefined) {
    found.push(
      on(realMode)
        ? ok("real_mode", "real mode", "by the processor (unrestricted guest)", { data: true })
        : warning(
          "real_mode",
          "real mode",
          "emulated (no unrestricted guest): firmware and boot sectors may fail",
          {
            remedy: "Boot kernels at their 64-bit entry, as `denovisor run` does by itself.",
            data: false,
          },
        ),
    );
  }
  return found;
}
