/**
 * /init of the lab's machine (L1), for busybox's shell: it loads modules, puts this host's root under a layer
 * of memory, runs the command there and tells how it ended.
 *
 * It talks to the host over virtio-serial ports, by number: 0 the terminal (hvc0), 1 control, 2 standard input,
 * 3 standard output, 4 standard error. Control carries lines: to the host `ready`, `failed REASON` and
 * `exit STATUS`; from the host `size ROWS COLUMNS`. Its end means that the host's side died: L1 powers off.
 *
 * @module
 */

/** Modules that L1 needs before it can reach the host's files. */
export const ROOT_MODULES: readonly string[] = [
  "virtio_pci",
  "virtio_console",
  "9pnet_virtio",
  "9p",
  "overlay",
];

/** Modules for the programs that run there: KVM and all that a virtual machine monitor may ask of its host. */
export const HOST_MODULES: readonly string[] = [
  "kvm_amd",
  "virtio_net",
  "virtio_blk",
  "virtio_rng",
  "tun",
  "bridge",
  "vhost_net",
  "vhost_vsock",
  "veth",
  "loop",
  "crc32c_generic",
  "ext4",
  "fuse",
];

/** Tags of the 9p shares. */
export const SHARE_TAGS = { root: "root", out: "out" } as const;

/** Addresses of QEMU's user-mode network (QEMU documentation, "Network emulation": user mode). */
const NETWORK = { address: "10.0.2.15/24", gateway: "10.0.2.2", resolver: "10.0.2.3" };

/** The script. It reads /lab/settings and /lab/command. */
export const LAB_INIT = String.raw`#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
# As a host for guests should be set (see denovisor doctor): memfds may have huge pages.
echo advise >/sys/kernel/mm/transparent_hugepage/shmem_enabled
mount -t devtmpfs dev /dev
. /lab/settings

# What udev would add.
ln -s /proc/self/fd /dev/fd
for name in 0:stdin 1:stdout 2:stderr; do ln -s "fd/${"$"}{name%:*}" "/dev/${"$"}{name#*:}"; done

load() {
  while read -r module; do
    insmod "/lib/modules/$module.ko" || echo "lab: module $module did not load"
  done
}
load </lib/modules/order.root

# Ports appear a moment after their device; the highest comes last.
until [ -e /dev/vport*p4 ]; do usleep 10000; done
exec 3<>"$(echo /dev/vport*p1)"
fail() {
  echo "lab: $*"
  echo "failed $*" >&3
  poweroff -f
}

load </lib/modules/order &
loading=$!
R=/newroot
mkdir -p /lower /layer $R
share=trans=virtio,version=9p2000.L,msize=512000
mount -t 9p -o "$share,cache=loose,ro" ${SHARE_TAGS.root} /lower || fail "cannot mount the host's root"
mount -t tmpfs -o size=75% layer /layer
mkdir /layer/upper /layer/work
mount -t overlay -o lowerdir=/lower,upperdir=/layer/upper,workdir=/layer/work root $R || fail "no overlay"
mount --bind /dev $R/dev
mkdir -p $R/dev/pts $R/dev/shm $R/proc $R/sys $R/run
mount -t devpts devpts $R/dev/pts
mount -t tmpfs shm $R/dev/shm
mount -t proc proc $R/proc
mount -t sysfs sys $R/sys
mount -t tmpfs run $R/run
mount -t cgroup2 cgroup $R/sys/fs/cgroup
mkdir -p $R/run/lab/out
cp /bin/busybox /lab/command $R/run/lab/
if [ "$shared" ]; then
  mount -t 9p -o "$share" ${SHARE_TAGS.out} $R/run/lab/out || fail "cannot mount the output directory"
fi
hostname lab
ip link set lo up
wait $loading
[ -e /dev/kvm ] || fail "the lab's machine has no /dev/kvm"
/lab/anchor &
if [ -e /sys/class/net/eth0 ]; then
  ip addr add ${NETWORK.address} dev eth0
  ip link set eth0 up
  ip route add default via ${NETWORK.gateway}
  rm -f $R/etc/resolv.conf
  echo nameserver ${NETWORK.resolver} >$R/etc/resolv.conf
fi

(
  while read -r word rows columns <&3; do
    [ "$word" = size ] && stty -F /dev/hvc0 rows "$rows" cols "$columns"
  done
  poweroff -f
) &

echo ready >&3
run="chroot $R /run/lab/busybox sh /run/lab/command"
if [ "$terminal" ]; then
  # Held open, or the size would be forgotten before the command opens it.
  exec 4<>/dev/hvc0
  stty rows "$rows" cols "$columns" <&4
  setsid -c $run </dev/hvc0 >/dev/hvc0 2>&1 3>&- 4>&-
  status=$?
else
  # Pipes, as a port cannot be opened twice, and programs do open /dev/stdout anew. A FIFO becomes a pair of
  # descriptors without anybody waiting for its other end, if it is opened for both first.
  mkfifo /lab/in /lab/out /lab/err
  exec 5<>/lab/out 7<>/lab/err 9<>/lab/in
  exec 4</lab/out 6</lab/err 8</lab/in
  exec 5>/lab/out 7>/lab/err 9>/lab/in
  cat <&4 >"$(echo /dev/vport*p3)" 5>&- 7>&- 9>&- &
  out=$!
  cat <&6 >"$(echo /dev/vport*p4)" 5>&- 7>&- 9>&- &
  err=$!
  [ "$stdin" ] && cat "$(echo /dev/vport*p2)" >&9 5>&- 7>&- 8<&- &
  exec 9>&-
  $run <&8 >&5 2>&7 3>&- 4<&- 5>&- 6<&- 7>&- 8<&-
  status=$?
  exec 4<&- 5>&- 6<&- 7>&- 8<&-
  # A child left in the background may hold the pipes: what it still says is waited for no longer than this.
  (sleep 2; kill $out $err) 2>/dev/null &
  wait $out $err
fi
[ "$shared" ] && umount $R/run/lab/out
echo "exit $status" >&3
poweroff -f
`;
