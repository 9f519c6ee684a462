/**
 * Kernel devices that networks and sockets of guests use.
 *
 * @module
 */

import { ERRNO } from "../../ffi/errno.ts";
import type { Host } from "./host.ts";
import { type Finding, findings } from "./report.ts";

const { ok, note } = findings("io");

interface IoDevice {
  readonly id: string;
  readonly path: string;
  readonly title: string;
  /** Kernel module behind it. */
  readonly module: string;
  /** What it is for. */
  readonly use: string;
}

const DEVICES: readonly IoDevice[] = [
  { id: "tun", path: "/dev/net/tun", title: "tun", module: "tun", use: "network cards on a tap device" },
  {
    id: "vhost_net",
    path: "/dev/vhost-net",
    title: "vhost-net",
    module: "vhost_net",
    use: "faster network cards",
  },
  {
    id: "vhost_vsock",
    path: "/dev/vhost-vsock",
    title: "vhost-vsock",
    module: "vhost_vsock",
    use: "sockets between host and guest",
  },
];

/** CAP_NET_ADMIN, `linux/capability.h`. */
const CAP_NET_ADMIN = 12n;

/** One finding for each device. */
export function ioFindings(host: Host): Finding[] {
  return DEVICES.map((device) => examine(host, device));
}

function examine(host: Host, { id, path, title, module, use }: IoDevice): Finding {
  if (!host.permitted("ffi")) return note(id, title, "unknown without --allow-ffi");
  const error = host.tryOpen(path);
  const data = { error: error?.code ?? null };
  if (error === undefined) {
    if (id !== "tun" || mayConfigureNetwork(host)) return ok(id, title, `${path}: ${use}`, { data });
    return note(id, title, `${path}: ${use}, for tap devices that root made for you`, {
      remedy: "`sudo ip tuntap add dev tap0 mode tap user $USER`.",
      data,
    });
  }
  if (error.errno === ERRNO.EACCES || error.errno === ERRNO.EPERM) {
    return note(id, title, `${path} is not open to you (${error.code}): no ${use}`, {
      remedy: `\`sudo setfacl -m u:$USER:rw ${path}\`; for a container \`--device ${path}\`.`,
      data,
    });
  }
  return note(id, title, `no ${path}: no ${use}`, {
    remedy: `\`sudo modprobe ${module}\`, where the kernel has it.`,
    data,
  });
}

function mayConfigureNetwork(host: Host): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(host.text("/proc/self/status") ?? "")?.[1];
  return effective !== undefined && ((BigInt(`0x${effective}`) >> CAP_NET_ADMIN) & 1n) === 1n;
}
