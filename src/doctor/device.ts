/**
 * Whether there is a `/dev/kvm` for us; and if not, why, and what to do.
 *
 * @module
 */

import { ERRNO, KernelError } from "../../ffi/errno.ts";
import { KvmSystem } from "../../ffi/kvm/system.ts";
import { KVM_API_VERSION } from "../../ffi/uapi/kvm_constants.ts";
import type { FileFacts, Host } from "./host.ts";
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

/** The device node's permission bits for everybody but its owner and group. */
const OTHERS_READ_WRITE = 0o006;
const GROUP_READ_WRITE = 0o060;
/** errno of a directory (`asm-generic/errno-base.h`). */
const EISDIR = 21;

const { ok, problem } = findings("kvm");

/** Opens the device and checks that it is the KVM we know. The caller disposes of `kvm`. */
export function openDevice(host: Host, options: DeviceOptions = {}): DeviceState {
  const path = options.device ?? "/dev/kvm";
  const absent = (reason: string, remedy: string, extra: readonly Finding[] = []): DeviceState => ({
    reason,
    remedy,
    findings: [...extra, problem("device", path, reason, { remedy })],
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

/** In words: what lets this process in. */
function howOpen(host: Host, path: string): string {
  const node = host.stat(path);
  if (node === undefined || host.uid === undefined) return "";
  if (host.uid === 0) return " (as root)";
  if (node.uid === host.uid) return " (you own it)";
  if ((node.mode & OTHERS_READ_WRITE) === OTHERS_READ_WRITE) return " (to everybody)";
  if ((node.mode & GROUP_READ_WRITE) === GROUP_READ_WRITE && groupsOf(host).has(node.gid)) {
    return ` (by group ${groupName(host, node.gid)})`;
  }
  return " (by an access control list)";
}

function whyClosed(host: Host, path: string, error: KernelError): { reason: string; remedy: string } {
  const node = host.stat(path);
  switch (error.errno) {
    case ERRNO.ENOENT:
      return { reason: `there is no ${path}`, remedy: howToGetKvm(host) };
    case ERRNO.ENODEV:
    case ERRNO.ENXIO:
      return {
        reason: `${path} is there, but no driver behind it (${error.code})`,
        remedy: howToGetKvm(host),
      };
    case ERRNO.EACCES:
      return noPermission(host, path, node);
    case ERRNO.EPERM:
      return {
        reason: `${path} is there, but this container or service may not use it (EPERM)`,
        remedy:
          "Start the container with `--device /dev/kvm`; in a systemd unit add `DeviceAllow=/dev/kvm rw`.",
      };
    case EISDIR:
      return {
        reason: `${path} is a directory`,
        remedy:
          "A container was started with a mount of a device that its host does not have. Use `--device /dev/kvm`.",
      };
    default:
      return { reason: `${path} cannot be opened: ${error.code}`, remedy: howToGetKvm(host) };
  }
}

function noPermission(host: Host, path: string, node: FileFacts | undefined) {
  if (node === undefined) {
    return { reason: `${path} is not open to you (EACCES)`, remedy: joinGroup("kvm") };
  }
  const group = groupName(host, node.gid);
  const mode = node.mode.toString(8).padStart(4, "0");
  const reason = `${path} is not open to you (EACCES): mode ${mode}, group ${group}`;
  if ((node.mode & GROUP_READ_WRITE) !== GROUP_READ_WRITE || node.gid === 0) {
    return {
      reason,
      remedy:
        "Only root may use it. As root: `chgrp kvm /dev/kvm && chmod 660 /dev/kvm`, where udev's rules do not, " +
        "or for you alone: `sudo setfacl -m u:$USER:rw /dev/kvm`.",
    };
  }
  return { reason: `${reason}, which you are not in`, remedy: joinGroup(group) };
}

function joinGroup(group: string): string {
  return `\`sudo usermod -aG ${group} $USER\`, then log in again (\`newgrp ${group}\` for this shell alone).`;
}

/** Remedy for a host without KVM, by what its processor says. */
function howToGetKvm(host: Host): string {
  const cpu = host.text("/proc/cpuinfo") ?? "";
  const has = (flag: string) => new RegExp(`^flags\\s*:.*\\b${flag}\\b`, "m").test(cpu);
  if (/microsoft/i.test(host.release)) {
    return "In Windows's .wslconfig set `nestedVirtualization=true` under [wsl2], then `wsl --shutdown`.";
  }
  const container = "In a container: start it with `--device /dev/kvm`.";
  if (has("vmx")) return `\`sudo modprobe kvm_intel\`. ${container}`;
  if (has("svm")) return `\`sudo modprobe kvm_amd\`. ${container}`;
  if (has("hypervisor")) {
    return "This is a virtual machine whose processor shows neither VMX nor SVM: allow nested virtualization on its " +
      `host, or choose an instance type that has it. ${container}`;
  }
  return `Switch on virtualization (VT-x, AMD-V, SVM) in the firmware's set-up. ${container}`;
}

/** Groups of this process, from `/proc`: those of its last log-in, not those in the group file. */
function groupsOf(host: Host): Set<number> {
  const status = host.text("/proc/self/status") ?? "";
  const numbers = [/^Gid:\s*(.*)$/m, /^Groups:\s*(.*)$/m].flatMap((line) =>
    (line.exec(status)?.[1] ?? "").split(/\s+/).filter((word) => word !== "").map(Number)
  );
  return new Set(numbers);
}

function groupName(host: Host, gid: number): string {
  const line = (host.text("/etc/group") ?? "").split("\n").find((entry) => entry.split(":")[2] === `${gid}`);
  return line?.split(":")[0] ?? `${gid}`;
}
