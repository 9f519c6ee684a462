/**
 * Permission for a device node, or the lack of it, in words and with the remedy.
 *
 * @module
 */

import { ERRNO, type KernelError } from "../../ffi/errno.ts";
import type { FileFacts, Host } from "./host.ts";
import { processorFlags } from "./modules.ts";

/** Permission bits of everybody but owner and group, and of the group. */
const OTHERS_READ_WRITE = 0o006;
const GROUP_READ_WRITE = 0o060;
/** errno of opening a directory for writing (`asm-generic/errno-base.h`). */
const EISDIR = 21;

/** In words: what lets this process in. */
export function howOpen(host: Host, path: string): string {
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

/** Why the device cannot be opened, and what to do about it. */
export function whyClosed(host: Host, path: string, error: KernelError): { reason: string; remedy: string } {
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
  const flags = processorFlags(host);
  if (/microsoft/i.test(host.release ?? "")) {
    return "In Windows's .wslconfig set `nestedVirtualization=true` under [wsl2], then `wsl --shutdown`.";
  }
  const container = "In a container: start it with `--device /dev/kvm`.";
  if (flags.has("vmx")) return `\`sudo modprobe kvm_intel\`. ${container}`;
  if (flags.has("svm")) return `\`sudo modprobe kvm_amd\`. ${container}`;
  if (flags.has("hypervisor")) {
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
