/**
 * What makes a freshly unpacked Debian a machine: its name, console, network, keys.
 *
 * It is written into the tree, not by commands in a chroot: so it needs no root, and is the same for every suite.
 *
 * @module
 */

import type { ContentStore } from "./content_store.ts";
import { type FileTree, ROOT_OWNED } from "./file_tree.ts";

/**
 * Beside the essential packages and apt: systemd with its network services, the kernel, sshd, and what a person
 * looks around with. e2fsprogs is not essential, but checks the root file system at boot.
 */
export const DEBIAN_PACKAGES: readonly string[] = [
  "systemd-sysv",
  "udev",
  "dbus",
  "libpam-systemd",
  "systemd-resolved",
  "linux-image-amd64",
  "openssh-server",
  "e2fsprogs",
  "kmod",
  "iproute2",
  "iputils-ping",
  "procps",
];

/** What is different from one image to the next. */
export interface DebianSystem {
  readonly hostname: string;
  /** Of the root file system. */
  readonly label: string;
  /** Lines of authorized_keys for root. */
  readonly keys: readonly string[];
}

const SYSTEMD = "/etc/systemd/system";
const UNITS = "/lib/systemd/system";

/** Units enabled, by where systemctl puts their links: what their [Install] sections say. */
const ENABLED: readonly (readonly [link: string, unit: string])[] = [
  ["multi-user.target.wants/systemd-networkd.service", "systemd-networkd.service"],
  ["dbus-org.freedesktop.network1.service", "systemd-networkd.service"],
  ["sockets.target.wants/systemd-networkd.socket", "systemd-networkd.socket"],
  [
    "network-online.target.wants/systemd-networkd-wait-online.service",
    "systemd-networkd-wait-online.service",
  ],
];

/** A file system is checked before it is used, and grown to the disk's size by systemd (systemd.mount(5)). */
const fstab = (label: string) => `LABEL=${label} / ext4 errors=remount-ro,x-systemd.growfs 0 1\n`;

/** All wired interfaces, under whatever names udev gives them: PCI slots or MMIO. */
const NETWORK = `[Match]
Type=ether
Kind=!*

[Network]
DHCP=yes
`;

/** The machine is up with any one interface, or none: booting does not wait for a cable. */
const WAIT_ONLINE = `[Service]
ExecStart=
ExecStart=-/lib/systemd/systemd-networkd-wait-online --any --timeout=30
`;

/** systemd starts a getty on each console by itself (systemd-getty-generator(8)): ttyS0 and hvc0 where they are. */
const AUTOLOGIN = `[Service]
ExecStart=
ExecStart=-/sbin/agetty --autologin root --noclear --keep-baud 115200,57600,38400,9600 - $TERM
`;

/** Every machine has host keys of its own. One kind is enough, and RSA would take a slow machine seconds. */
const HOST_KEYS = `[Unit]
Description=OpenSSH host key of this machine
ConditionPathExists=!/etc/ssh/ssh_host_ed25519_key
Before=ssh.service

[Service]
Type=oneshot
ExecStart=/usr/bin/ssh-keygen -q -t ed25519 -N "" -f /etc/ssh/ssh_host_ed25519_key

[Install]
WantedBy=multi-user.target
`;

/**
 * Sets a Debian up: root logs in on the console without a password, and by ssh with a key only (its password
 * stays locked); the network is had by DHCP; each machine makes its machine-id and host keys at its first start.
 */
export async function setUpDebian(tree: FileTree, store: ContentStore, system: DebianSystem): Promise<void> {
  const { hostname, label, keys } = system;
  const now = Math.floor(Date.now() / 1000);
  const file = async (path: string, text: string, mode = 0o644) => {
    tree.put(path, { ...ROOT_OWNED, mode, mtime: now, kind: "file", ...await store.writeText(text) });
  };
  const symlink = (path: string, target: string) => {
    tree.put(path, { ...ROOT_OWNED, mode: 0o777, mtime: now, kind: "symlink", target });
  };

  await file("/etc/hostname", `${hostname}\n`);
  await file(
    "/etc/hosts",
    `127.0.0.1 localhost\n127.0.1.1 ${hostname}\n::1 localhost ip6-localhost ip6-loopback\n`,
  );
  await file("/etc/fstab", fstab(label));
  await file("/etc/default/locale", "LANG=C.UTF-8\n");
  // Empty, not absent: systemd fills it, but does not take every boot for the first one (machine-id(5)).
  await file("/etc/machine-id", "", 0o444);
  tree.remove("/var/lib/dbus/machine-id");

  await file("/etc/systemd/network/80-wired.network", NETWORK);
  await file(`${SYSTEMD}/systemd-networkd-wait-online.service.d/any.conf`, WAIT_ONLINE);
  for (const [link, unit] of ENABLED) symlink(`${SYSTEMD}/${link}`, `${UNITS}/${unit}`);
  symlink("/etc/resolv.conf", "../run/systemd/resolve/stub-resolv.conf");
  tree.remove("/etc/.resolv.conf.systemd-resolved.bak");

  await file(`${SYSTEMD}/serial-getty@.service.d/autologin.conf`, AUTOLOGIN);

  for (const name of tree.list("/etc/ssh")) {
    if (name.startsWith("ssh_host_")) tree.remove(`/etc/ssh/${name}`);
  }
  // Debian 13 and later do it themselves; two at once would meet at the same file.
  if (tree.follow(`${UNITS}/sshd-keygen.service`) === undefined) {
    await file(`${SYSTEMD}/ssh-host-key.service`, HOST_KEYS);
    symlink(`${SYSTEMD}/multi-user.target.wants/ssh-host-key.service`, `${SYSTEMD}/ssh-host-key.service`);
  }
  if (keys.length > 0) {
    tree.put("/root/.ssh", {
      ...ROOT_OWNED,
      mode: 0o700,
      mtime: now,
      kind: "directory",
      children: new Map(),
    });
    await file("/root/.ssh/authorized_keys", keys.map((key) => `${key}\n`).join(""), 0o600);
  }
}
