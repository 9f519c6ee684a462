/**
 * The two scripts that start a container image as a machine, both for busybox's shell.
 *
 * The first is /init of the initramfs: it loads what the disk needs and goes over to it. The second, on the disk
 * itself, does what a container's runtime would: mounts, network, environment, user; then it runs the image's
 * program on the console and powers off when that ends.
 *
 * @module
 */

/** Where ours lies on the disk: a static busybox and the scripts. An image may have no shell of its own. */
export const OWN_DIRECTORY = "/.denovisor";

/**
 * What distributions do not build in: drivers for disks, networks, consoles, the power button, the root file system,
 * and DHCP's raw sockets. Nothing on the disk could load them later. ext4 asks for its
 * checksum by an alias that only depmod's index resolves, so it is named.
 */
export const OCI_MODULES: readonly string[] = [
  "virtio_pci",
  "virtio_mmio",
  "virtio_blk",
  "virtio_net",
  "virtio_console",
  "virtio_rng",
  "af_packet",
  "ipv6",
  "crc32c_generic",
  "ext4",
  "button",
  "evdev",
];

/** Seconds that the disk is waited for: drivers find it while they load, or a moment later. */
const DISK_PATIENCE = 10;

/** /init of the initramfs. `init` is what runs then, a path on the disk. */
export function initramfsInit(label: string, init: string): string {
  return String.raw`#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sys /sys
/bin/busybox mount -t devtmpfs dev /dev
/bin/busybox --install -s /bin
export PATH=/bin
while read -r module; do
  insmod "/lib/modules/$module.ko" || echo "denovisor: module $module did not load"
done </lib/modules/order
mkdir -p /disk
tries=0
until disk=$(findfs LABEL=${quoted(label)}); do
  tries=$((tries + 1))
  if [ $tries -gt ${DISK_PATIENCE * 10} ]; then
    echo "denovisor: there is no disk labelled ${label}"
    poweroff -f
  fi
  usleep 100000
done
if ! mount -t ext4 "$disk" /disk; then
  echo "denovisor: $disk cannot be mounted"
  poweroff -f
fi
umount /proc /sys
mkdir -p /disk/dev
mount -o move /dev /disk/dev
exec switch_root /disk ${quoted(init)}
`;
}

/** How the image's program is started. */
export interface OciProgram {
  readonly hostname: string;
  /** The program and its arguments. */
  readonly words: readonly string[];
  /** `NAME=VALUE` each. */
  readonly environment: readonly string[];
  readonly directory: string;
  /** Name in the image's /etc/passwd; undefined for root. */
  readonly user: string | undefined;
}

/** What a runtime sets where the image does not. */
const PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** The first process on the disk. */
export function ociInit({ hostname, words, environment, directory, user }: OciProgram): string {
  const b = `${OWN_DIRECTORY}/busybox`;
  const given = environment.some((variable) => variable.startsWith("PATH="))
    ? environment
    : [PATH, ...environment];
  // A variable whose name is none for a shell still belongs to the program: env takes all.
  const command = `exec ${b} env ${[...given, ...words].map(quoted).join(" ")}`;
  const runs = user === undefined
    ? `${OWN_DIRECTORY}/sh -c ${quoted(command)}`
    : `${b} su -p -s ${OWN_DIRECTORY}/sh -c ${quoted(command)} ${quoted(user)}`;
  return String.raw`#!${b} sh
b=${b}
$b mkdir -p /proc /sys /dev /run /tmp
$b mount -t proc -o nosuid,noexec,nodev proc /proc
$b mount -t sysfs -o nosuid,noexec,nodev sys /sys
$b grep -q ' /dev devtmpfs ' /proc/mounts || $b mount -t devtmpfs -o nosuid dev /dev
$b mkdir -p /dev/pts /dev/shm
$b mount -t devpts -o nosuid,noexec,gid=5,mode=620 devpts /dev/pts
$b mount -t tmpfs -o nosuid,nodev,mode=1777 shm /dev/shm
$b mount -t tmpfs -o nosuid,nodev,mode=755 run /run
$b ln -sfn /proc/self/fd /dev/fd
$b ln -sfn /proc/self/fd/0 /dev/stdin
$b ln -sfn /proc/self/fd/1 /dev/stdout
$b ln -sfn /proc/self/fd/2 /dev/stderr
$b hostname ${quoted(hostname)}
$b ip link set lo up
for path in /sys/class/net/*; do
  nic=${"$"}{path##*/}
  [ "$nic" = lo ] && continue
  $b ip link set "$nic" up
  $b udhcpc -i "$nic" -s ${OWN_DIRECTORY}/dhcp -n -q -f -t 5 -T 1 >/dev/null 2>&1 ||
    echo "denovisor: $nic got no address"
  break
done
cd ${quoted(directory)} || cd /
$b setsid $b cttyhack ${runs}
echo "denovisor: the image's program ended with status $?"
$b sync
$b umount -a -r 2>/dev/null
$b poweroff -f
`;
}

/** udhcpc's script: it is told by variables what the network has given (busybox examples/udhcp/simple.script). */
export const DHCP_SCRIPT = String.raw`#!${OWN_DIRECTORY}/busybox sh
b=${OWN_DIRECTORY}/busybox
case $1 in
  bound | renew)
    $b ip addr flush dev "$interface"
    $b ip addr add "$ip/${"$"}{mask:-24}" dev "$interface"
    for gateway in $router; do $b ip route add default via "$gateway" dev "$interface"; break; done
    [ "$dns" ] || exit 0
    $b rm -f /etc/resolv.conf
    for server in $dns; do echo "nameserver $server"; done >/etc/resolv.conf
    ;;
esac
`;

/** A word that a shell takes as it is. */
export function quoted(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
