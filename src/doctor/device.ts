/**
 * Whether there is a `/dev/kvm` for us; and if not, why, and what to do.
 *
 * @module
 */

import { KernelError } from "../../ffi/errno.ts";
import { KvmSystem } from "../../ffi/kvm/system.ts";
import { KVM_API_VERSION } from "../../ffi/uapi/kvm_constants.ts";
import { howOpen, whyClosed } from "./device_access.ts";
import type { Host } from "./host.ts";
import type { KvmDevice } from "./probe/machine.ts";
import { type Finding, findings } from "./report.ts";

/** How `/dev/kvm` is reached; tests put something else in its place. */
export interface DeviceOptions {
  /** Default `/dev/kvm`. */
  readonly device?: string;
  /** Default: the class that drives the real one. */
  readonly open?: (path: string) => KvmDevice;
}

/** An open device, or why there is none. */
export type DeviceState =
  | { readonly kvm: KvmDevice; readonly findings: readonly Finding[] }
  | {
    readonly kvm?: undefined;
    readonly reason: string;
    readonly remedy: string;
    readonly findings: readonly Finding[];
  };

const { ok, problem } = findings("kvm");

/** Opens the device and checks that it is the KVM we know. The caller disposes of `kvm`. */
export function openDevice(host: Host, options: DeviceOptions = {}): DeviceState {
  const path = options.device ?? "/dev/kvm";
  const absent = (reason: string, remedy: string): DeviceState => ({
    reason,
    remedy,
    findings: [problem("device", path, reason, { remedy })],
  });
  if (host.os !== "linux" || host.arch !== "x86_64") {
    return absent(
      `this is ${host.os} on ${host.arch}, and Denovisor drives the KVM of Linux on x86-64`,
      "Use a Linux host with an x86-64 processor.",
    );
  }
  if (!host.permitted("ffi")) {
    return absent(
      "Deno was not given the permission to call the kernel (--allow-ffi), which is how KVM is reached",
      "Type `deno run -A …`; or give --allow-ffi at least. It cannot be limited to a path.",
    );
  }
  let kvm: KvmDevice;
  try {
    kvm = (options.open ?? KvmSystem.open)(path);
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    const why = whyClosed(host, path, error);
    return absent(why.reason, why.remedy);
  }
  const opened = ok("device", path, `there, and open to you${howOpen(host, path)}`);
  try {
    const version = kvm.apiVersion();
    if (version === KVM_API_VERSION) {
      return { kvm, findings: [opened, ok("api", "API version", `${version}`, { data: version })] };
    }
    kvm[Symbol.dispose]();
    return absent(
      `${path} speaks KVM API version ${version}, and Denovisor version ${KVM_API_VERSION}`,
      "Linux has had version 12 since 2007 (2.6.22): this is another driver, or a kernel older than that.",
    );
  } catch (error) {
    kvm[Symbol.dispose]();
    if (!(error instanceof KernelError)) throw error;
    return absent(
      `${path} opens, but does not answer as KVM does (${error.code})`,
      "It is something else under that name. As root: `rm` it, then load KVM again (`modprobe kvm_intel` or `kvm_amd`).",
    );
  }
}
